"""The shop's front: HTTP in, HTTP out to ``catalog``. It knows a name and a port, nothing else."""

from __future__ import annotations

import http.client
import os
import threading
from http.server import BaseHTTPRequestHandler

from serving import listen_http

CATALOG = os.environ.get("CATALOG", "catalog:80")
_local = threading.local()


def ask_catalog(path: str) -> tuple[int, bytes]:
    """One request over this thread's own connection to the catalog."""
    connection = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = http.client.HTTPConnection(CATALOG, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        connection.close()
        raise


class Front(BaseHTTPRequestHandler):
    """``GET /items/N``: the item as the catalog has it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Pass the question on, and the answer back."""
        try:
            status, body = ask_catalog(self.path)
        except (OSError, http.client.HTTPException) as error:
            status, body = 502, f"catalog: {error}\n".encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: the proxy counts the requests."""


if __name__ == "__main__":
    listen_http(Front, 8080)
