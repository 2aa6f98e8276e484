"""The catalog: HTTP in; asks ``pricing`` over gRPC and ``stock`` over plain TCP."""

from __future__ import annotations

import json
import os
import socket

import grpc
from google.protobuf.wrappers_pb2 import DoubleValue, StringValue
from serving import JsonHandler, listen_http

PRICING = os.environ.get("PRICING", "pricing:50051")
STOCK = os.environ.get("STOCK", "stock:7000")
VERSION = os.environ.get("VERSION", "1")

channel = grpc.insecure_channel(PRICING)
quote = channel.unary_unary(
    "/shop.Pricing/Quote",
    request_serializer=StringValue.SerializeToString,
    response_deserializer=DoubleValue.FromString,
)


def in_stock(item: str) -> int:
    """Ask the service stock: one line out, one line back, one connection for each question."""
    host, port = STOCK.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{item}\n".encode())
        return int(connection.makefile().readline())


class Catalog(JsonHandler):
    """``GET /items/N``: name, price and stock."""

    def do_GET(self) -> None:
        """Put an item together from the other two services."""
        item = self.path.rsplit("/", 1)[-1]
        try:
            document = {
                "item": item,
                "price": quote(StringValue(value=item), timeout=10).value,
                "in_stock": in_stock(item),
                "catalog": VERSION,
            }
            self.answer(200, json.dumps(document).encode())
        except (grpc.RpcError, OSError, ValueError) as error:
            self.answer(502, json.dumps({"error": str(error)}).encode())


if __name__ == "__main__":
    listen_http(Catalog, 8080)
