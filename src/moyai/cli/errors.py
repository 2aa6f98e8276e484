"""Errors of the commands, and the line that is printed for each."""

from __future__ import annotations

from moyai.kernel.errors import MoyaiError


class Unreachable(Exception):
    """No moyai server answers at the endpoint."""


def error_message(error: Exception) -> str | None:
    """The line to print for an error that the user can fix; None for any other error."""
    if isinstance(error, Unreachable | MoyaiError | OSError):
        return str(error)
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return " ".join(f"{details.get('Code', 'error')}: {details.get('Message', '')}".split())
    if isinstance(error, EndpointConnectionError):
        return f"{error}; start the server with `moyai up`"
    return str(error) if isinstance(error, BotoCoreError) else None
