"""Parses the header WWW-Authenticate.

Promise: pure. The header may have several challenges, whose parameters are tokens or quoted strings. The list ends at
the first part that can't be parsed; nothing is raised.
Source: RFC 9110 § 11.6.1; https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110 § 5.6.2
_PARAMETER: Final = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:({_TOKEN})|"((?:[^"\\]|\\.)*)")')
_SCHEME: Final = re.compile(rf"({_TOKEN})(?:[ \t]+|$|(?=,))")
_SEPARATOR: Final = re.compile(r"[ \t,]*")
_ESCAPED: Final = re.compile(r"\\(.)")
_MAX_LENGTH: Final = 8192


class Challenge(msgspec.Struct, frozen=True):
    """A way to authorize a request that a server accepts."""

    scheme: str
    """The authentication scheme in lower case, such as ``bearer`` or ``basic``."""
    parameters: Mapping[str, str]
    """The values by names in lower case, such as ``realm``, ``service``, ``scope`` and ``error``."""


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges in all WWW-Authenticate headers of a response, in their order."""
    return tuple(challenge for header in headers for challenge in _challenges(header[:_MAX_LENGTH]))


def _challenges(header: str) -> Iterator[Challenge]:
    position = _skip(header, 0)
    while scheme := _SCHEME.match(header, position):
        parameters: dict[str, str] = {}
        position = _skip(header, scheme.end())
        while parameter := _PARAMETER.match(header, position):
            name, plain, quoted = parameter.groups()
            parameters.setdefault(name.lower(), plain if plain is not None else _ESCAPED.sub(r"\1", quoted))
            position = _skip(header, parameter.end())
        yield Challenge(scheme.group(1).lower(), parameters)


def _skip(header: str, position: int) -> int:
    separator = _SEPARATOR.match(header, position)
    return position if separator is None else separator.end()
