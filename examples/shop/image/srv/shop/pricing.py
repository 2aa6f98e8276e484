"""Prices, over gRPC: ``shop.Pricing/Quote`` takes an item's name and gives a price."""

from __future__ import annotations

import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf.wrappers_pb2 import DoubleValue, StringValue
from serving import leave_on_sigterm


def quote(request: StringValue, _context: grpc.ServicerContext) -> DoubleValue:
    """The same price for the same item, every time."""
    return DoubleValue(value=zlib.crc32(request.value.encode()) % 10_000 / 100)


def main() -> None:
    """Serve on 50051 until SIGTERM."""
    leave_on_sigterm()
    method = grpc.unary_unary_rpc_method_handler(
        quote,
        request_deserializer=StringValue.FromString,
        response_serializer=DoubleValue.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Pricing", {"Quote": method}),))
    server.add_insecure_port("0.0.0.0:50051")
    server.start()
    print("listening on 50051", file=sys.stderr, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
