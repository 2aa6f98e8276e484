"""The program of the process in which moto answers: ``server_process DIRECTORY LISTENER READY``.

Promise: the process listens on the descriptor ``LISTENER``, confines itself, and only then loads moto and writes a byte
to the pipe ``READY``. It answers requests until it is killed.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Final

from moyai.delegate import confinement

_BACKLOG: Final = 256
_STACK_BYTES: Final = 1024 * 1024
_UNKNOWN: Final = (
    "moto does not implement the service. Name a server that does: `moyai up --delegate SERVICE=http://127.0.0.1:PORT`"
)


def main() -> None:
    """Serve until the process ends."""
    directory, listener_fd, ready = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with socket.socket(fileno=listener_fd) as listener:
        listener.listen(_BACKLOG)  # in this process, so that clients get its pid from the kernel
        confinement.enter(directory / "root")
        threading.stack_size(_STACK_BYTES)
        server = _server(listener)
        os.write(ready, b"1")
        os.close(ready)
        server.serve_forever()


def _server(listener: socket.socket) -> Any:  # noqa: ANN401 (werkzeug's)
    """A server with moto on the socket. moto is imported here, in its own process."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415
    from werkzeug.serving import make_server  # noqa: PLC0415

    class QuietRequestHandler(MotoRequestHandler):
        """Logs no requests, because the control plane counts them."""

        def log(self, *_: object) -> None:
            """Log nothing."""

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # it would log connections that the control plane closes
    return make_server(
        f"unix://{listener.getsockname()}",
        0,
        _application(),
        threaded=True,
        request_handler=QuietRequestHandler,
        fd=listener.fileno(),
    )


def _application() -> Any:  # noqa: ANN401 (moyai's, whose import waits as moto's does)
    """The application with moto and its repairs."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

    from moyai.delegate.application import Application, routed_scope  # noqa: PLC0415
    from moyai.delegate.moto_repairs import (  # noqa: PLC0415
        describe_cache_nodes,
        ignore_conditional_denials,
        keep_changed_subnet_groups,
        repair_groups,
        repair_identities,
    )
    from moyai.delegate.network_tables import replace_networks  # noqa: PLC0415
    from moyai.delegate.networks import READER  # noqa: PLC0415

    ignore_conditional_denials()

    class RoutedDispatcher(DomainDispatcherApplication):
        """Finds the service in the control plane's headers, not in the client's signature, path or body."""

        def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
            """The host name of the service's endpoint."""
            return super().infer_service_region_host({**environ, "HTTP_AUTHORIZATION": routed_scope(environ)}, path)

    def create_known_app(service: Any) -> Any:  # noqa: ANN401 (moto's)
        """The application of a service. Raises NotImplementedError if moto has none, for which it finds None."""
        if service is None:
            raise NotImplementedError(_UNKNOWN)
        return create_backend_app(service)

    return Application(
        RoutedDispatcher(create_known_app),
        lambda body: replace_networks(READER.decode(body)),
        {
            "autoscaling": repair_groups,
            "elasticache": describe_cache_nodes,
            "iam": repair_identities,
            "rds": keep_changed_subnet_groups,
        },
    )


if __name__ == "__main__":
    main()
