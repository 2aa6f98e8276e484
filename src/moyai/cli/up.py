"""``moyai up``: the control plane, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from moyai.app.config import (
    DEFAULT_DNS_PORT,
    DEFAULT_PORT,
    DnsSettings,
    ProxySettings,
    RuntimeKind,
    ServerSettings,
    Settings,
    StatePaths,
)
from moyai.cli.options import STATE, State


def up(
    state: State = STATE,
    listen: Annotated[str, typer.Option(help="Address; any but loopback needs keys (`moyai keys`).")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = DEFAULT_PORT,
    runtime: Annotated[RuntimeKind, typer.Option(help="Where tasks run.")] = RuntimeKind.LINUX,
    stats_interval: Annotated[
        float, typer.Option(help="Seconds between a proxy's reports.", min=0.5, max=60)
    ] = ProxySettings().stats_interval,
    dns_port: Annotated[
        int, typer.Option(help="Port of 127.0.0.1 where names are answered (`moyai dns`).", min=0, max=65535)
    ] = DEFAULT_DNS_PORT,
) -> None:
    """Run the control plane. SIGTERM or Ctrl-C ends it and leaves tasks and proxies running."""
    from moyai.app.main import Refused, run

    settings = Settings(
        state=StatePaths(state),
        runtime=runtime,
        server=ServerSettings(listen, port),
        proxy=ProxySettings(stats_interval),
        dns=DnsSettings(dns_port),
    )
    try:
        run(settings, announce=lambda url: typer.echo(f"moyai ready on {url}"))
    except Refused as refusal:
        for line in refusal.problems:
            typer.echo(f"moyai: {line}", err=True)
        raise typer.Exit(1) from refusal
