"""Parsers for variables of an App Mesh proxy's environment, as App Mesh's agent read them.

Promise: blanks around a value are ignored, and a blank value counts as absent. A ValueError names the variable and says
what it should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Final

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_MOST_DIGITS: Final = 10
_LONGEST: Final = 4096
_LONGEST_OF_SOCKET: Final = 107


def text(environment: Mapping[str, str], name: str) -> str | None:
    """The value as text; None if there is none."""
    return environment.get(name, "").strip() or None


def flag(environment: Mapping[str, str], name: str, *, otherwise: bool = False) -> bool:
    """The value as a boolean. Raises ValueError."""
    raw = text(environment, name)
    if raw is None:
        return otherwise
    if raw not in _TRUE | _FALSE:
        raise ValueError(f"{name} must be a boolean value, not {raw!r}.")
    return raw in _TRUE


def number(environment: Mapping[str, str], name: str, among: range, otherwise: int) -> int:
    """The value as a whole number. Raises ValueError."""
    raw = text(environment, name)
    if raw is None:
        return otherwise
    digits = raw.removeprefix("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    if not plain or int(raw) not in among:
        raise ValueError(f"{name} must be an integer value from {among[0]} to {among[-1]}, not {raw!r}.")
    return int(raw)


def fraction(environment: Mapping[str, str], name: str) -> float | None:
    """The value as a decimal from 0 to 1, rounded to two places. Raises ValueError."""
    raw = text(environment, name)
    if raw is None:
        return None
    try:
        value = float(raw)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be a decimal from 0 to 1.00, not {raw!r}.")
    return round(value, 2)


def word(environment: Mapping[str, str], name: str, among: Sequence[str], otherwise: str) -> str:
    """The value as one of the words in ``among``, in any case. Raises ValueError."""
    raw = text(environment, name)
    if raw is None:
        return otherwise
    if raw.lower() not in among:
        raise ValueError(f"{name} must be one of {', '.join(among)}, not {raw!r}.")
    return raw.lower()


def path(environment: Mapping[str, str], name: str, longest: int = _LONGEST) -> str | None:
    """The value as an absolute path in the proxy's file system. Raises ValueError."""
    raw = text(environment, name)
    if raw is not None and not (raw.startswith("/") and raw.isprintable() and len(raw.encode()) <= longest):
        raise ValueError(f"{name} must be an absolute path of at most {longest} bytes, not {raw!r}.")
    return raw


def socket_path(environment: Mapping[str, str], name: str) -> str | None:
    """The value as the path of a socket, whose length the kernel limits. Raises ValueError."""
    return path(environment, name, _LONGEST_OF_SOCKET)


def address(environment: Mapping[str, str], name: str, otherwise: str) -> str:
    """The value as an IP address. Raises ValueError."""
    raw = text(environment, name) or otherwise
    try:
        return str(ip_address(raw))
    except ValueError:
        raise ValueError(f"{name} must be an IP address, not {raw!r}.") from None
