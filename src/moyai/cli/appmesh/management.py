"""The identity of an external proxy and the address of its management server, from the options of ``moyai appmesh
proxy``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import typer

from moyai.app.config import EXTERNAL_CA_FILE
from moyai.app.ids import SystemIds
from moyai.app.state_paths import StatePaths
from moyai.cli.options import host_and_port
from moyai.domain.appmesh.agent_settings import Agent, AgentSettings, agent_settings
from moyai.domain.appmesh.identity import identity_of
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.kernel.secret import Secret
from moyai.xds.translate.external_bootstrap import TlsTransport, UnixTransport

_SUFFIX_DIGITS: Final = 16


def by_socket(socket: Path) -> UnixTransport:
    """The management server behind a Unix socket of this machine."""
    return UnixTransport(str(socket.absolute()))


def by_tls(
    xds: str, authorities: str, server_name: str, token: str | None, certificate: tuple[str, str] | None
) -> TlsTransport:
    """The management server at HOST:PORT, with a token or a client certificate. Raises BadParameter."""
    host, port = host_and_port(xds, "--xds")
    if not token and certificate is None:
        raise typer.BadParameter("requires --token, or --cert and --key", param_hint="--xds")
    return TlsTransport(host, port, authorities, server_name, Secret(token) if token else None, certificate)


def authorities(ca: Path | None, state: StatePaths) -> str:
    """The trusted certificate authorities, as PEM. Raises BadParameter."""
    path = ca or state.external_keys / EXTERNAL_CA_FILE
    try:
        return path.read_text()
    except OSError as error:
        message = f"cannot read {path} ({error.strerror}); give the file with the trusted authorities"
        raise typer.BadParameter(message, param_hint="--ca") from error


def client_certificate(cert: Path | None, key: Path | None) -> tuple[str, str] | None:
    """The absolute paths of a client certificate and its key. Raises BadParameter if one of them is missing."""
    if (cert is None) != (key is None):
        raise typer.BadParameter("--cert and --key must be given together", param_hint="--cert")
    return None if cert is None or key is None else (str(cert.absolute()), str(key.absolute()))


def proxy_agent(node: str, settings: AgentSettings) -> Agent:
    """The agent of a proxy with a new ID that is this virtual node or gateway. Raises BadParameter."""
    identity = identity_of(node, DEFAULT_SCOPE)
    if identity is None:
        message = f"{node!r} is not mesh/M/virtualNode/N, mesh/M/virtualGateway/G or the ARN of one"
        raise typer.BadParameter(message, param_hint="NODE")
    return Agent(ProxyId(f"{node}#{SystemIds().hex(_SUFFIX_DIGITS)}"), identity, settings)


def settings_of(variables: Iterable[str], log_level: str, concurrency: int) -> AgentSettings:
    """The settings of App Mesh's agent that these variables stand for. Raises BadParameter."""
    values = dict(variable.partition("=")[::2] for variable in variables)
    environment = {"ENVOY_LOG_LEVEL": log_level, "ENVOY_CONCURRENCY": str(concurrency), **values}
    try:
        return agent_settings(environment)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--variable") from error
