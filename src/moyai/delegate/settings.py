"""Parses the values of ``moyai up --delegate``: the servers of the services that moyai does not implement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from moyai.kernel.url import is_http_url

_NAMED: Final = re.compile(r"([a-z0-9-]{1,64})=(.*)")
_NONE: Final = "none"


class DelegateChoice(msgspec.Struct, frozen=True):
    """The server that answers each service."""

    url: str | None = None
    """The server of all services that have none of their own; None for the embedded server."""
    urls: Mapping[str, str] = {}
    """The servers by the signing names of their services."""
    embedded: bool = True
    """Whether the embedded server answers the services that have no other server."""


def parse_delegates(options: Iterable[str]) -> DelegateChoice:
    """The choice in comma-separated values: ``URL``, ``SERVICE=URL``, ``none``. Raises ValueError."""
    url: str | None = None
    urls: dict[str, str] = {}
    embedded = True
    for value in (value.strip() for option in options for value in option.split(",")):
        match = _NAMED.fullmatch(value)
        target = match[2] if match else value
        if value == _NONE:
            embedded = False
        elif not is_http_url(target):
            raise ValueError(f"{value!r} is neither an http:// or https:// URL, nor SERVICE=URL, nor none")
        elif match:
            urls[match[1]] = target
        else:
            url = target
    return DelegateChoice(url, urls, embedded)
