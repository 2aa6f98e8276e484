"""The ways on which a proxy that no task has comes to its configuration, as options say them."""

from __future__ import annotations

from pathlib import Path

import typer

from moyai.app.config import GUEST_CA_FILE, StatePaths
from moyai.cli.appmesh.places import address
from moyai.kernel.secret import Secret
from moyai.xds.translate.guest_bootstrap import BySocket, ByTls


def by_socket(socket: Path) -> BySocket:
    """Over a Unix socket of this machine."""
    return BySocket(str(socket.absolute()))


def by_tls(xds: str, authorities: str, server_name: str, token: str | None, own: tuple[str, str] | None) -> ByTls:
    """Over TCP to ``HOST:PORT``, with one of the two to show. Raises BadParameter."""
    host, port = address(xds, "--xds")
    if not token and own is None:
        message = "a token or a certificate is needed there: give --token, or --cert and --key"
        raise typer.BadParameter(message, param_hint="--xds")
    return ByTls(host, port, authorities, server_name, Secret(token) if token else None, own)


def authorities(ca: Path | None, state: StatePaths) -> str:
    """PEM: whose certificates are believed there. Raises BadParameter."""
    path = ca or state.guest_keys / GUEST_CA_FILE
    try:
        return path.read_text()
    except OSError as error:
        message = f"{path} can't be read ({error.strerror}): name the authorities that are believed"
        raise typer.BadParameter(message, param_hint="--ca") from error


def own(cert: Path | None, key: Path | None) -> tuple[str, str] | None:
    """The paths of an own certificate and its key, both or neither. Raises BadParameter."""
    if (cert is None) != (key is None):
        raise typer.BadParameter("--cert and --key go together", param_hint="--cert")
    return None if cert is None or key is None else (str(cert.absolute()), str(key.absolute()))
