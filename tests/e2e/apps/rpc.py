"""A gRPC application: ``e2e.Echo/Say`` gives a text back, ``e2e.Echo/Count`` streams as many texts as it is asked for.

usage: python3 -m tests.e2e.apps.rpc PORT
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from tests.e2e.apps.leaving import leave_on_sigterm, task_id


def say(request: StringValue, _context: grpc.ServicerContext) -> StringValue:
    return StringValue(value=f"{task_id()} {request.value}")


def count(request: Int32Value, _context: grpc.ServicerContext) -> Iterator[StringValue]:
    for number in range(request.value):
        yield StringValue(value=f"{task_id()} {number}")


def main() -> None:
    leave_on_sigterm()
    encode = StringValue.SerializeToString
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Say": grpc.unary_unary_rpc_method_handler(say, StringValue.FromString, encode),
        "Count": grpc.unary_stream_rpc_method_handler(count, Int32Value.FromString, encode),
    }
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("e2e.Echo", methods),))
    server.add_insecure_port(f"0.0.0.0:{sys.argv[1]}")
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
