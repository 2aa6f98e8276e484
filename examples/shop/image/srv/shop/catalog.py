"""The catalog: HTTP in; asks ``pricing`` over gRPC and ``stock`` over plain TCP."""

from __future__ import annotations

import json
import os
import socket
from http.server import BaseHTTPRequestHandler

import grpc
from google.protobuf.wrappers_pb2 import DoubleValue, StringValue
from serving import listen_http

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
    """Ask the stock keeper: one line out, one line back, one connection a question."""
    host, port = STOCK.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{item}\n".encode())
        return int(connection.makefile().readline())


class Catalog(BaseHTTPRequestHandler):
    """``GET /items/N``: name, price and stock."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Put an item together from the other two services."""
        item = self.path.rsplit("/", 1)[-1]
        try:
            found = {
                "item": item,
                "price": quote(StringValue(value=item), timeout=10).value,
                "in_stock": in_stock(item),
                "catalog": VERSION,
            }
            self.answer(200, found)
        except (grpc.RpcError, OSError, ValueError) as error:
            self.answer(502, {"error": str(error)})

    def answer(self, status: int, found: dict[str, object]) -> None:
        """Send JSON."""
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: the proxy counts the requests."""


if __name__ == "__main__":
    listen_http(Catalog, 8080)
