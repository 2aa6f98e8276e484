"""Errors of the commands, and the line that is printed for each."""

from __future__ import annotations

import json

from moyai.cli.text import printable
from moyai.kernel.errors import MoyaiError


class Unreachable(Exception):
    """No moyai server answers at the endpoint."""


def error_message(error: Exception) -> str | None:
    """The line to print for an error that the user can fix; None for any other error."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        return f"{printable(str(error.filename))}: {error.strerror}"  # main() prints each line of a message
    if isinstance(error, Unreachable | MoyaiError | OSError):
        return str(error)
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return " ".join(f"{details.get('Code', 'error')}: {details.get('Message', '')}".split())
    if isinstance(error, EndpointConnectionError):
        return f"{error}; start the server with `moyai up`"
    return str(error) if isinstance(error, BotoCoreError) else None


def message_of(body: bytes) -> str:
    """The message in the JSON body of an error; the body itself where it has none."""
    text = " ".join(body.decode(errors="replace").split())
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text


def not_moyai(url: str) -> str:
    """The message about a server that does not answer like moyai."""
    return f"the server at {url} is not moyai; give the URL of one with --endpoint"
