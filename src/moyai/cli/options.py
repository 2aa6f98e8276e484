"""Options that several commands take, each with the environment variable that sets it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from moyai.app.config import DEFAULT_PORT, DEFAULT_STATE


def _endpoint(text: str) -> str:
    """The URL, if it is one: http or https, a host, and a port that can be. Raises BadParameter."""
    try:
        parts = urlsplit(text)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
            return text
    except ValueError:  # a port or an IPv6 address that is none
        pass
    raise typer.BadParameter(f"{text!r} is no URL like {ENDPOINT}")


Region = Annotated[str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region to look at.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the running moyai.", callback=_endpoint)]
State = Annotated[Path, typer.Option(envvar="MOYAI_STATE", help="State directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

REGION = "us-east-1"
ENDPOINT = f"http://127.0.0.1:{DEFAULT_PORT}"
STATE = DEFAULT_STATE
