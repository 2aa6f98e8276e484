"""``moyai appmesh proxy``: run an Envoy as a virtual node or gateway, outside tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from moyai.app.config import EXTERNAL_SERVER_NAME, STATS_INTERVAL
from moyai.app.state_paths import StatePaths
from moyai.cli.options import STATE, State, host_and_port

_ADMIN: Final = "127.0.0.1:9901"

Node = Annotated[
    str, typer.Argument(help="What the proxy is: mesh/M/virtualNode/N, mesh/M/virtualGateway/G, or an ARN.")
]
Socket = Annotated[
    Path | None, typer.Option(help="The --appmesh-socket of `moyai up`; by default the one in the state directory.")
]
Xds = Annotated[str | None, typer.Option(help="The --appmesh-xds (HOST:PORT) of `moyai up`, instead of a socket.")]
Token = Annotated[
    str | None, typer.Option(envvar="MOYAI_PROXY_TOKEN", help="Token for --xds (`moyai appmesh token issue`).")
]
Ca = Annotated[
    Path | None,
    typer.Option(
        help="PEM file: certificate authorities trusted for --xds; by default that of the moyai on this machine."
    ),
]
Certificate = Annotated[Path | None, typer.Option("--cert", help="PEM file: client certificate for --xds.")]
Key = Annotated[Path | None, typer.Option("--key", help="PEM file: private key of --cert.")]
ServerName = Annotated[str, typer.Option(help="Server name that the certificate of --xds must have.")]
Admin = Annotated[str, typer.Option(help="HOST:PORT of Envoy's admin interface.")]
Variables = Annotated[
    list[str] | None,
    typer.Option("--variable", help="Environment variable of App Mesh's agent, NAME=VALUE. Repeatable."),
]
WholeSets = Annotated[bool, typer.Option("--sotw", help="Use state-of-the-world ADS instead of delta ADS.")]
Print = Annotated[bool, typer.Option("--print", help="Only print the bootstrap configuration, including the token.")]
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
    server_name: ServerName = EXTERNAL_SERVER_NAME,
    admin: Admin = _ADMIN,
    variable: Variables = None,
    sotw: WholeSets = False,
    print_only: Print = False,
    log_level: LogLevel = "info",
    concurrency: Concurrency = 1,
) -> None:
    """Run an Envoy as a virtual node or gateway, in the foreground. SIGTERM or Ctrl-C drains and ends it.

    A virtual node expects redirected connections: incoming ones on port 15000, outgoing ones on port 15001. The
    redirection rules are yours to write, and must exempt the user that this Envoy runs as. A virtual gateway listens on
    its own ports.
    """
    if xds is not None and socket is not None:
        raise typer.BadParameter("give either --socket or --xds, not both", param_hint="--xds")
    import asyncio

    from moyai.app.clock import SystemClock
    from moyai.app.external_proxy import ExternalProxyRun, run_external_proxy
    from moyai.cli.appmesh.management import (
        authorities,
        by_socket,
        by_tls,
        client_certificate,
        proxy_agent,
        settings_of,
    )
    from moyai.kernel.clock import Seconds
    from moyai.xds.translate.bootstrap_settings import BootstrapSettings
    from moyai.xds.translate.external_bootstrap import ExternalProxy, external_bootstrap

    settings = settings_of(variable or (), log_level, concurrency)
    paths = StatePaths(state)
    management = (
        by_socket(socket or paths.external_socket)
        if xds is None
        else by_tls(xds, authorities(ca, paths), server_name, token, client_certificate(cert, key))
    )
    external = ExternalProxy(proxy_agent(node, settings), management, host_and_port(admin, "--admin"), sotw)
    bootstrap = external_bootstrap(external, BootstrapSettings(Seconds(STATS_INTERVAL)))
    if print_only:
        typer.echo(bootstrap.decode())
        return
    run = ExternalProxyRun(bootstrap, external.admin, settings.log_level, settings.concurrency, settings.drain_wait)
    raise typer.Exit(asyncio.run(run_external_proxy(run, SystemClock())))
