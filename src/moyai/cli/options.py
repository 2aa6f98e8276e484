"""Options that several commands take, each with the environment variable that sets it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moyai.app.config import DEFAULT_PORT, DEFAULT_STATE
from moyai.kernel.url import is_http_url


def _endpoint(text: str) -> str:
    """The URL, if it is one. Raises BadParameter."""
    if not is_http_url(text):
        raise typer.BadParameter(f"{text!r} is no URL like {ENDPOINT}")
    return text


Region = Annotated[str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region to look at.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the running moyai.", callback=_endpoint)]
State = Annotated[Path, typer.Option(envvar="MOYAI_STATE", help="State directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

REGION = "us-east-1"
ENDPOINT = f"http://127.0.0.1:{DEFAULT_PORT}"
STATE = DEFAULT_STATE
