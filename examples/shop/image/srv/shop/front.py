"""The shop's front: HTTP in, HTTP out to ``catalog``. It knows a name and a port, nothing else."""

from __future__ import annotations

import http.client
import os
import threading

from serving import JsonHandler, listen_http

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


class Front(JsonHandler):
    """``GET /items/N``: the item as the catalog has it. ``GET /health`` is for load balancers."""

    def do_GET(self) -> None:
        """Pass the question on, and the answer back."""
        if self.path == "/health":
            self.answer(200, b"{}\n")
            return
        try:
            status, body = ask_catalog(self.path)
        except (OSError, http.client.HTTPException) as error:
            status, body = 502, f"catalog: {error}\n".encode()
        self.answer(status, body)


if __name__ == "__main__":
    listen_http(Front, 8080)
