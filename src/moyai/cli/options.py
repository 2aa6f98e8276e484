"""Options that several commands have, each with the environment variable that sets it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from moyai.app.config import DEFAULT_PORT, DEFAULT_STATE
from moyai.kernel.url import is_http_url

REGION = "us-east-1"
ENDPOINT = f"http://127.0.0.1:{DEFAULT_PORT}"
STATE = DEFAULT_STATE
MOST_GATEWAY_PORTS = 1000
_LAST_PORT, _LONGEST_PORT = 65535, 5
_UNITS: Final = MappingProxyType({"s": 1, "m": 60, "h": 3600, "d": 86_400})
_LONGEST_DURATION: Final = 15 * 86_400
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_LONGEST_DOMAIN: Final = 128


def _http_url(text: str) -> str:
    if not is_http_url(text):
        raise typer.BadParameter(f"{text!r} is not a URL such as {ENDPOINT}")
    return text


Region = Annotated[str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="AWS region.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the moyai server.", callback=_http_url)]
State = Annotated[Path, typer.Option(envvar="MOYAI_STATE", help="State directory.")]
Cluster = Annotated[str | None, typer.Option(help="Name or ARN of the cluster; by default all clusters.")]
Watch = Annotated[
    float | None, typer.Option("--watch", "-w", help="Print again every so many seconds, until Ctrl-C.", min=1)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def state_elsewhere(state: Path) -> str | None:
    """The absolute path of a state directory that other shells have to be told of; None for the default one."""
    path = state.absolute()
    return None if path == DEFAULT_STATE else str(path)


def hint_for_other_shells(state: Path) -> str:
    """The line below the state directory that says what other shells need; empty for the default one."""
    path = state_elsewhere(state)
    return "" if path is None else f"\n           in other shells: export MOYAI_STATE={shlex.quote(path)}"


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


def duration(text: str, option: str) -> int:
    """Read a time such as ``90s``, ``5m``, ``1h`` or ``2d``, in seconds. Raises BadParameter for ``option``."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST_DURATION:
        raise typer.BadParameter(f"{text!r} is not a time such as 90s, 5m, 1h or 2d, up to 15d", param_hint=option)
    return seconds


def seconds_ago(text: str, option: str) -> float:
    """The time so long ago, in seconds since 1970. Raises BadParameter for ``option``."""
    from moyai.app.clock import SystemClock

    return SystemClock().now() - duration(text, option)


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


def resource_types(options: Iterable[str], option: str) -> tuple[str, ...]:
    """The types of CloudFormation resources in the values of an option, with commas between several."""
    names = [name.strip() for value in options for name in value.split(",") if name.strip()]
    if not names:
        return ()
    from moyai.stacks.skipping import can_be_skipped  # it imports a parser of YAML

    invalid = next((name for name in names if not can_be_skipped(name)), None)
    if invalid is not None:
        problem = f"{invalid!r} is not a resource type like AWS::EC2::Instance or AWS::CodeBuild::*"
        raise typer.BadParameter(problem, param_hint=option)
    return tuple(dict.fromkeys(names))


def domain_name(text: str, option: str) -> str:
    """A domain in lower case, so short that names of load balancers below it are DNS names. Raises BadParameter for
    ``option``.
    """
    domain = text.removesuffix(".").lower()
    if len(domain) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(domain):
        raise typer.BadParameter(f"{text[:100]!r} is no domain, such as elb.example.test", param_hint=option)
    return domain
