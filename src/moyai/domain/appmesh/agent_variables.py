"""Parsers for variables of an App Mesh proxy's environment, as App Mesh's agent read them.

Promise: blanks around a value are ignored, and a blank value is none. A ValueError names the variable and says what it
should be.
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
    said = text(environment, name)
    if said is None:
        return otherwise
    if said not in _TRUE | _FALSE:
        raise ValueError(f"{name} must be a boolean value, not {said!r}.")
    return said in _TRUE


def number(environment: Mapping[str, str], name: str, among: range, otherwise: int) -> int:
    """The value as a whole number. Raises ValueError."""
    said = text(environment, name)
    if said is None:
        return otherwise
    digits = said.removeprefix("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    if not plain or int(said) not in among:
        raise ValueError(f"{name} must be an integer value from {among[0]} to {among[-1]}, not {said!r}.")
    return int(said)


def fraction(environment: Mapping[str, str], name: str) -> float | None:
    """The value as a decimal from 0 to 1, rounded to two places. Raises ValueError."""
    said = text(environment, name)
    if said is None:
        return None
    try:
        value = float(said)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be a decimal from 0 to 1.00, not {said!r}.")
    return round(value, 2)


def word(environment: Mapping[str, str], name: str, among: Sequence[str], otherwise: str) -> str:
    """The value as one of the words in ``among``, in any case. Raises ValueError."""
    said = text(environment, name)
    if said is None:
        return otherwise
    if said.lower() not in among:
        raise ValueError(f"{name} must be one of {', '.join(among)}, not {said!r}.")
    return said.lower()


def path(environment: Mapping[str, str], name: str, longest: int = _LONGEST) -> str | None:
    """The value as an absolute path in the proxy's file system. Raises ValueError."""
    said = text(environment, name)
    if said is not None and not (said.startswith("/") and said.isprintable() and len(said.encode()) <= longest):
        raise ValueError(f"{name} must be an absolute path of at most {longest} bytes, not {said!r}.")
    return said


def socket_path(environment: Mapping[str, str], name: str) -> str | None:
    """The value as the path of a socket, whose length the kernel limits. Raises ValueError."""
    return path(environment, name, _LONGEST_OF_SOCKET)


def address(environment: Mapping[str, str], name: str, otherwise: str) -> str:
    """The value as an IP address. Raises ValueError."""
    said = text(environment, name) or otherwise
    try:
        return str(ip_address(said))
    except ValueError:
        raise ValueError(f"{name} must be an IP address, not {said!r}.") from None
