"""``moyai appmesh proxy``: an Envoy for a process of this machine, or of another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from moyai.app.clock import SystemClock
from moyai.app.config import GUEST_SERVER_NAME, STATS_INTERVAL, StatePaths
from moyai.app.ids import SystemIds
from moyai.cli.appmesh.places import address
from moyai.cli.options import STATE, State
from moyai.domain.appmesh.agent import Agent
from moyai.domain.appmesh.agent_settings import AgentSettings, agent_settings
from moyai.domain.appmesh.identity import identity_of
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import DEFAULT_SCOPE

_ADMIN: Final = "127.0.0.1:9901"
_SUFFIX_DIGITS: Final = 16

Node = Annotated[
    str, typer.Argument(help="What it stands for: mesh/M/virtualNode/N, mesh/M/virtualGateway/G, or the ARN of one.")
]
Socket = Annotated[
    Path | None, typer.Option(help="Socket of `moyai up` for such proxies; that of the state directory otherwise.")
]
Xds = Annotated[str | None, typer.Option(help="HOST:PORT of `moyai up --appmesh-xds`, instead of a socket.")]
Token = Annotated[
    str | None, typer.Option(envvar="MOYAI_PROXY_TOKEN", help="Token to show there (`moyai appmesh token issue`).")
]
Ca = Annotated[
    Path | None, typer.Option(help="PEM: whose certificates are believed there; this machine's own `moyai` otherwise.")
]
Certificate = Annotated[Path | None, typer.Option("--cert", help="PEM: an own certificate to show there.")]
Key = Annotated[Path | None, typer.Option("--key", help="PEM: the key of --cert.")]
ServerName = Annotated[str, typer.Option(help="Name that the certificate there must be for.")]
Admin = Annotated[str, typer.Option(help="HOST:PORT of Envoy's admin interface.")]
Variables = Annotated[
    list[str] | None,
    typer.Option("--variable", help="An environment variable of App Mesh's agent, NAME=VALUE. May be given again."),
]
WholeSets = Annotated[bool, typer.Option("--sotw", help="State-of-the-world ADS instead of delta.")]
Print = Annotated[bool, typer.Option("--print", help="Only print the bootstrap, the token with it.")]
LogLevel = Annotated[str, typer.Option(help="trace, debug, info, warning, error, critical or off.")]
Concurrency = Annotated[int, typer.Option(help="Worker threads.", min=1, max=256)]


def proxy(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    node: Node,
    state: State = STATE,
    socket: Socket = None,
    xds: Xds = None,
    token: Token = None,
    ca: Ca = None,
    cert: Certificate = None,
    key: Key = None,
    server_name: ServerName = GUEST_SERVER_NAME,
    admin: Admin = _ADMIN,
    variable: Variables = None,
    sotw: WholeSets = False,
    print_only: Print = False,
    log_level: LogLevel = "info",
    concurrency: Concurrency = 1,
) -> None:
    """Run an Envoy that stands for a virtual node or gateway, in the foreground; SIGTERM and Ctrl-C drain and end it.

    It listens for redirected connections: port 15000 takes what comes in for the application, port 15001 what goes
    out. Nothing is redirected by itself: whoever wants it writes the rules, and leaves this Envoy's own user out of
    them. A virtual gateway listens at its own ports.
    """
    if xds is not None and socket is not None:
        raise typer.BadParameter("--socket and --xds are two ways to one place: give one", param_hint="--xds")
    from moyai.app.guest_proxy import GuestRun, run_guest
    from moyai.cli.appmesh.ways import authorities, by_socket, by_tls, own
    from moyai.xds.translate.bootstrap import ProxySettings
    from moyai.xds.translate.guest_bootstrap import Guest, guest_bootstrap

    settings = _settings(variable or (), log_level, concurrency)
    paths = StatePaths(state)
    way = (
        by_socket(socket or paths.guest_socket)
        if xds is None
        else by_tls(xds, authorities(ca, paths), server_name, token, own(cert, key))
    )
    guest = Guest(_agent(node, settings), way, address(admin, "--admin"), sotw)
    bootstrap = guest_bootstrap(guest, ProxySettings(Seconds(STATS_INTERVAL)))
    if print_only:
        typer.echo(bootstrap.decode())
        return
    run = GuestRun(bootstrap, guest.admin, settings.log_level, settings.concurrency, settings.drain_wait)
    raise typer.Exit(asyncio.run(run_guest(run, SystemClock())))


def _agent(node: str, settings: AgentSettings) -> Agent:
    identity = identity_of(node, DEFAULT_SCOPE)
    if identity is None:
        message = f"{node!r} is not mesh/M/virtualNode/N, mesh/M/virtualGateway/G or the ARN of one"
        raise typer.BadParameter(message, param_hint="NODE")
    return Agent(ProxyId(f"{node}#{SystemIds().hex(_SUFFIX_DIGITS)}"), identity, settings)


def _settings(variables: Iterable[str], log_level: str, concurrency: int) -> AgentSettings:
    said = dict(one.partition("=")[::2] for one in variables)
    environment = {"ENVOY_LOG_LEVEL": log_level, "ENVOY_CONCURRENCY": str(concurrency), **said}
    try:
        return agent_settings(environment)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--variable") from error
