"""Addresses with a port, as options say them."""

from __future__ import annotations

from urllib.parse import urlsplit

import typer


def address(text: str, option: str) -> tuple[str, int]:
    """``host:port``, an IPv6 address in brackets, as the two."""
    try:
        parts = urlsplit(f"//{text}")
        host, port, whole = parts.hostname, parts.port, parts.netloc == text and "@" not in text
    except ValueError:
        host, port, whole = None, None, False
    if not host or port is None or not whole:
        raise typer.BadParameter(f"{text!r} is not an address with a port, as 127.0.0.1:9443", param_hint=option)
    return host, port
