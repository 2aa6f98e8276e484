"""A web site with TLS of its own, that says who it is.

usage: python3 -m tests.e2e.apps.site PORT…

Variables: NAME, which is what it says; CHAIN and PRIVATE, the PEM of its certificate and key.
"""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from tests.e2e.apps.leaving import leave_on_sigterm
from tests.e2e.apps.serving import HttpHandler


class Site(HttpHandler):
    def do_GET(self) -> None:
        self.respond(200, os.environ["NAME"])


def own() -> ssl.SSLContext:
    """The site's own TLS settings, with its certificate and key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain, private = Path(folder, "chain.pem"), Path(folder, "private.pem")
        chain.write_text(os.environ["CHAIN"])
        private.write_text(os.environ["PRIVATE"])
        context.load_cert_chain(chain, private)
    return context


if __name__ == "__main__":
    leave_on_sigterm()
    context = own()
    servers = [ThreadingHTTPServer(("", int(port)), Site) for port in sys.argv[1:]]
    for server in servers:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    for other in servers[1:]:
        threading.Thread(target=other.serve_forever, daemon=True).start()
    servers[0].serve_forever()
