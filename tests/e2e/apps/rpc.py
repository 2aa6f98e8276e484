"""A gRPC application with every kind of call.

usage: python3 -m tests.e2e.apps.rpc PORT

e2e.Echo/Say      unary: the text back
e2e.Echo/Count    a stream of as many texts as were asked for
e2e.Echo/Join     takes a stream of texts, gives them back as one
e2e.Echo/Chat     a stream for a stream: each text back before the next is read
e2e.Echo/Fail     FAILED_PRECONDITION, with the text as message, a trailer and binary details
e2e.Echo/Remains  how many seconds the caller's deadline leaves, -1 without one
e2e.Echo/Hang     never answers; remembers when the caller gives up
e2e.Echo/GivenUp  how many callers gave up
e2e.Echo/Refuse   UNAVAILABLE once for each text, then how often the text came
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import DoubleValue, Int32Value, StringValue

from tests.e2e.apps.leaving import leave_on_sigterm, task_id

NEVER = 10**6
GIVEN_UP: list[bool] = []
REFUSED: Counter[str] = Counter()


def say(request: StringValue, _context: grpc.ServicerContext) -> StringValue:
    return StringValue(value=f"{task_id()} {request.value}")


def count(request: Int32Value, _context: grpc.ServicerContext) -> Iterator[StringValue]:
    for number in range(request.value):
        yield StringValue(value=f"{task_id()} {number}")


def join(requests: Iterator[StringValue], _context: grpc.ServicerContext) -> StringValue:
    return StringValue(value=" ".join(request.value for request in requests))


def chat(requests: Iterator[StringValue], _context: grpc.ServicerContext) -> Iterator[StringValue]:
    for request in requests:
        yield StringValue(value=request.value)


def fail(request: StringValue, context: grpc.ServicerContext) -> None:
    context.set_trailing_metadata((("x-why", "because"), ("e2e-details-bin", b"\x00\xff")))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, request.value)


def remains(_request: StringValue, context: grpc.ServicerContext) -> DoubleValue:
    time_remaining = context.time_remaining()  # without a deadline: as good as for ever
    return DoubleValue(value=time_remaining if time_remaining < NEVER else -1)


def hang(_request: StringValue, context: grpc.ServicerContext) -> StringValue:
    over = threading.Event()
    context.add_callback(over.set)
    over.wait()
    GIVEN_UP.append(True)
    return StringValue()


def given_up(_request: StringValue, _context: grpc.ServicerContext) -> Int32Value:
    return Int32Value(value=len(GIVEN_UP))


def refuse(request: StringValue, context: grpc.ServicerContext) -> Int32Value:
    REFUSED[request.value] += 1
    if REFUSED[request.value] == 1:
        context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
    return Int32Value(value=REFUSED[request.value])


UNARY: Mapping[str, tuple[Callable[..., Any], Any]] = {
    "Say": (say, StringValue),
    "Fail": (fail, StringValue),
    "Remains": (remains, DoubleValue),
    "Hang": (hang, StringValue),
    "GivenUp": (given_up, Int32Value),
    "Refuse": (refuse, Int32Value),
}


def main() -> None:
    leave_on_sigterm()
    encode, decode = StringValue.SerializeToString, StringValue.FromString
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        name: grpc.unary_unary_rpc_method_handler(serve, decode, kind.SerializeToString)
        for name, (serve, kind) in UNARY.items()
    }
    methods["Count"] = grpc.unary_stream_rpc_method_handler(count, Int32Value.FromString, encode)
    methods["Join"] = grpc.stream_unary_rpc_method_handler(join, decode, encode)
    methods["Chat"] = grpc.stream_stream_rpc_method_handler(chat, decode, encode)
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("e2e.Echo", methods),))
    server.add_insecure_port(f"0.0.0.0:{sys.argv[1]}")
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
