"""Single values: the checks that all protocols share, and how each protocol writes a time, a blob, a float.

Promise: integers keep AWS's widths (32 bit ``integer``, 64 bit ``long``), no bool passes as a number, a
time is finite and between the years 1 and 9999.
Source: https://smithy.io/2.0/spec/simple-types.html, https://smithy.io/2.0/spec/protocol-traits.html
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from moyai.api.wire.misfit import Misfit

TYPE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "string": "a string",
        "integer": "an integer",
        "long": "an integer",
        "float": "a number",
        "double": "a number",
        "boolean": "true or false",
        "timestamp": "a time (seconds since 1970, or ISO 8601)",
        "blob": "binary data",
        "list": "a list",
        "map": "a map",
        "structure": "a structure",
    }
)
_BITS: Mapping[str, int] = MappingProxyType({"integer": 31, "long": 63})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_NON_FINITE: Mapping[str, float] = MappingProxyType({"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf})


def complaint(value: object, expected: str) -> Misfit:
    """The complaint that ``value`` is not of the type ``expected`` (a name of botocore's)."""
    return Misfit(f"expected {TYPE_NAMES[expected]}, not {_describe(value)}.")


_PYTHON_TYPE_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    ((int, float), "a number"),
    (str, "a string"),
    (bytes, "binary data"),
    (dict, "a structure"),
    (list, "a list"),
    (type(None), "null"),
)


def _describe(value: object) -> str:
    return next((text for kind, text in _PYTHON_TYPE_NAMES if isinstance(value, kind)), "something else")


def read_string(value: object) -> str:
    """A string, unchanged; other types are misfits."""
    if isinstance(value, str):
        return value
    raise complaint(value, "string")


def read_boolean(value: object) -> bool:
    """A JSON boolean; other types are misfits."""
    if isinstance(value, bool):
        return value
    raise complaint(value, "boolean")


def read_integer(value: object) -> int:
    """An ``integer``: 32 bit."""
    return _whole(value, "integer")


def read_long(value: object) -> int:
    """A ``long``: 64 bit."""
    return _whole(value, "long")


def _whole(value: object, kind: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise complaint(value, kind)
    if not -(1 << _BITS[kind]) <= value < 1 << _BITS[kind]:
        raise Misfit(f"{value} does not fit in {_BITS[kind] + 1} bits.")
    return value


def read_number(value: object) -> float:
    """A ``float`` or ``double``. JSON has no NaN and no infinities, so they arrive as text (``"NaN"``)."""
    if isinstance(value, str) and value in _NON_FINITE:
        return _NON_FINITE[value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise Misfit("the number is too large.") from None
    raise complaint(value, "double")


def read_time(value: object) -> float:
    """Seconds since the epoch, from a number or from text (ISO 8601 or the date of RFC 9110)."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _in_range(value)
    if isinstance(value, str):
        return _in_range(_parsed_time(value))
    raise complaint(value, "timestamp")


def _in_range(seconds: float) -> float:
    if not _EARLIEST <= seconds <= _LATEST:
        raise Misfit("the time lies outside of the years 1 to 9999.")
    return float(seconds)


def _parsed_time(text: str) -> float:
    for parse in (float, _from_iso, _from_http_date):
        try:
            return parse(text)
        except (ValueError, OverflowError):
            continue
    raise complaint(text, "timestamp")


def _from_iso(text: str) -> float:
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) / timedelta(seconds=1)


def _from_http_date(text: str) -> float:
    return (parsedate_to_datetime(text) - _EPOCH) / timedelta(seconds=1)


def read_base64(value: object) -> bytes:
    """A blob, as the text protocols carry it."""
    if not isinstance(value, str):
        raise complaint(value, "blob")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Misfit("the text is not base64.") from None


def read_bytes(value: object) -> bytes:
    """A blob, as CBOR carries it."""
    if isinstance(value, bytes):
        return value
    raise complaint(value, "blob")


def write_base64(value: bytes) -> str:
    """The reverse of ``read_base64``."""
    return base64.b64encode(value).decode("ascii")


def write_epoch(value: float) -> float:
    """Seconds to the millisecond, as the JSON protocols write a time."""
    return round(value, 3)


def write_iso(value: float) -> str:
    """``2026-11-24T15:00:00.000Z``, as the XML protocols write a time."""
    moment = _EPOCH + timedelta(milliseconds=round(value * 1000))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def write_number(value: float) -> float | str:
    """A number, or its name where JSON and XML have no number for it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


Reader = Callable[[object], Any]
"""Converts a value from the wire to moyai's type. Raises Misfit."""


def read_items(values: Iterable[object], read_item: Reader) -> list[object]:
    """The items of a list. A misfit of an item names its place in the list."""
    items: list[object] = []
    try:
        for value in values:
            items.append(read_item(value))  # noqa: PERF401  the length so far is the index of a misfit
    except Misfit as problem:
        raise problem.at(len(items)) from None
    return items


class MemberReader(NamedTuple):
    """How a member of a structure is read: its name in the model, and in the parameters."""

    name: str
    parameter: str
    read: Reader


def read_members(
    values: Iterable[tuple[str, object]], members: Mapping[str, MemberReader], note_unknown: Callable[[str], None]
) -> dict[str, object]:
    """The members of a structure, by the names of their parameters. A misfit of a member names it."""
    params: dict[str, object] = {}
    for name, value in values:
        member = members.get(name)
        if member is None:
            note_unknown(name)
            continue
        try:
            params[member.parameter] = member.read(value)
        except Misfit as problem:
            raise problem.under(member.name) from None
    return params


SCALAR_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "string": read_string,
        "boolean": read_boolean,
        "integer": read_integer,
        "long": read_long,
        "float": read_number,
        "double": read_number,
        "timestamp": read_time,
        "blob": read_base64,
    }
)
"""The readers of JSON values, by type. CBOR's differ in ``blob`` alone."""
