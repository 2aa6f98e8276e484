"""Options that several commands have, each with the environment variable that sets it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from moyai.app.config import DEFAULT_PORT, DEFAULT_STATE
from moyai.kernel.url import is_http_url

REGION = "us-east-1"
ENDPOINT = f"http://127.0.0.1:{DEFAULT_PORT}"
STATE = DEFAULT_STATE
MOST_GATEWAY_PORTS = 1000
_LAST_PORT, _LONGEST_PORT = 65535, 5


def _http_url(text: str) -> str:
    if not is_http_url(text):
        raise typer.BadParameter(f"{text!r} is not a URL such as {ENDPOINT}")
    return text


Region = Annotated[str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="AWS region.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the moyai server.", callback=_http_url)]
State = Annotated[Path, typer.Option(envvar="MOYAI_STATE", help="State directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def host_and_port(text: str, option: str) -> tuple[str, int]:
    """Split ``host:port``, where an IPv6 address is in brackets. Raises BadParameter for ``option``."""
    try:
        parts = urlsplit(f"//{text}")
        host, port, is_complete = parts.hostname, parts.port, parts.netloc == text and "@" not in text
    except ValueError:
        host, port, is_complete = None, None, False
    if not host or port is None or not is_complete:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT, such as 127.0.0.1:9443", param_hint=option)
    return host, port


def port_range(text: str, option: str) -> range:
    """Read ``FIRST-LAST``, or one port; empty for an empty text. Raises BadParameter for ``option``."""
    if not text:
        return range(0)
    first, dash, last = text.partition("-")
    ends = (first, last if dash else first)
    if all(end.isascii() and end.isdecimal() and len(end) <= _LONGEST_PORT for end in ends):
        ports = range(int(ends[0]), int(ends[1]) + 1)
        if 0 < len(ports) <= MOST_GATEWAY_PORTS and ports[0] > 0 and ports[-1] <= _LAST_PORT:
            return ports
    message = f"{text!r} is not FIRST-LAST, such as 20000-20019, with at most {MOST_GATEWAY_PORTS} ports"
    raise typer.BadParameter(message, param_hint=option)
