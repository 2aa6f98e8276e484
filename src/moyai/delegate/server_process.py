"""The program of the process in which moto answers: ``server_process DIRECTORY LISTENER READY``.

Promise: it listens, confines itself, and only then loads moto and writes a byte to the pipe ``READY``. It answers
requests on the descriptor ``LISTENER`` until it is killed.
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
_ARGUMENTS: Final = 4


def main() -> None:
    """Serve until the process ends."""
    directory, listener_fd, ready = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with socket.socket(fileno=listener_fd) as listener:
        listener.listen(_BACKLOG)  # by this process: whoever connects learns its pid from the kernel
        confinement.enter(directory / "root")
        threading.stack_size(_STACK_BYTES)
        server = _server(listener)
        os.write(ready, b"1")
        os.close(ready)
        server.serve_forever()


def _server(listener: socket.socket) -> Any:  # noqa: ANN401 (werkzeug's)
    """A server with moto on this socket. It is imported here, in the process that is its own."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    from moyai.delegate.application import Application, routed_scope  # noqa: PLC0415
    from moyai.delegate.network_tables import replace_networks  # noqa: PLC0415
    from moyai.delegate.networks import READER  # noqa: PLC0415

    _ignore_conditional_denials()
    _keep_changed_subnet_groups()

    class QuietRequestHandler(MotoRequestHandler):
        """Logs no requests: the control plane counts them."""

        def log(self, *_: object) -> None:
            """Log nothing."""

    class RoutedDispatcher(DomainDispatcherApplication):
        """Finds the service in the headers of the control plane, not in the client's signature, path or body."""

        def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
            """The name of the service's host."""
            return super().infer_service_region_host({**environ, "HTTP_AUTHORIZATION": routed_scope(environ)}, path)

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # it logs connections that the control plane cuts off
    application = Application(RoutedDispatcher(create_backend_app), lambda body: replace_networks(READER.decode(body)))
    return make_server(
        f"unix://{listener.getsockname()}",
        0,
        application,
        threaded=True,
        request_handler=QuietRequestHandler,
        fd=listener.fileno(),
    )


def _keep_changed_subnet_groups() -> None:
    """Have moto keep a group of RDS's subnets when it is changed; by itself it takes it out of its records."""
    from moto.rds.models import RDSBackend  # noqa: PLC0415

    modify = RDSBackend.modify_db_subnet_group

    def modify_and_keep(backend: Any, subnet_name: str, *members: Any) -> Any:  # noqa: ANN401 (moto's)
        group = modify(backend, subnet_name, *members)
        backend.subnet_groups[subnet_name] = group
        return group

    RDSBackend.modify_db_subnet_group = modify_and_keep  # type: ignore[assignment,method-assign]


def _ignore_conditional_denials() -> None:
    """Let no statement of a policy deny what its condition may not concern: moto evaluates no conditions, and takes
    the denial of requests without TLS, which most buckets of CDK have, for a denial of everything.
    """
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult  # noqa: PLC0415

    class UnconditionalStatement(IAMPolicyStatement):
        """A statement that denies only without a condition."""

        def is_action_permitted(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (moto's)
            """The statement's effect on an action."""
            if self._statement.get("Effect") == "Deny" and self._statement.get("Condition"):
                return PermissionResult.NEUTRAL
            return super().is_action_permitted(*args, **kwargs)

    sys.modules["moto.iam.access_control"].IAMPolicyStatement = UnconditionalStatement  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
