"""The constraints that the service model states: required, length, range, pattern, enum, one of a union.

Promise: every member that is wrong is named at once, in the wording of AWS's own frameworks, with the path as the
caller wrote it. Types were checked when the request was read. Patterns are matched whole, as AWS does, by an engine
that knows Unicode classes and gives up after a bounded time.
Source: https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

import regex
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from moyai.kernel.patterns import matches_whole

_SHOWN = 100  # characters of a bad value that a message repeats
_MAX_COMPLAINTS = 10  # in one message
_PATTERN_SECONDS = 0.05
_STEP_START = re.compile(r"(?:^|(?<=\.))[A-Z]")
_SURROGATE_PAIR = re.compile(r"\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})", re.IGNORECASE | re.ASCII)
"""A character above U+FFFF as Java's patterns write it: a surrogate pair."""


class Complaint(NamedTuple):
    """A constraint of the model that a member violates."""

    where: str
    value: str
    constraint: str
    missing: bool = False
    allowed: Sequence[str] = ()
    """The values of the enum, for a value that is not among them."""

    def below(self, step: str) -> Complaint:
        """This complaint as part of a value, under ``step``."""
        joint = "" if self.where.startswith("[") or not self.where else "."
        return self._replace(where=f"{step}{joint}{self.where}")


Check = Callable[[object], Sequence[Complaint]]


def sentence(complaints: Sequence[Complaint]) -> str:
    """All complaints in one message."""
    count = len(complaints)
    each = "; ".join(
        f"{c.value} at '{c.where}' failed to satisfy constraint: {c.constraint}" for c in complaints[:_MAX_COMPLAINTS]
    )
    return f"{count} validation error{'s' if count > 1 else ''} detected: {each}"


Description = Callable[[Sequence[Complaint]], str]
"""The message about the violations in a request."""


def enum_sentence(complaints: Sequence[Complaint]) -> str:
    """ECS's sentence for a value that an enum lacks, with the values that it has."""
    complaint = complaints[0]
    if not complaint.allowed:
        return sentence(complaints)
    member = complaint.where.rpartition(".")[2].partition("[")[0]
    words = xform_name(member, "_", {}).replace("_", " ")
    return f"{words} should be one of [{','.join(complaint.allowed)}]"


def lower_camel_sentence(complaints: Sequence[Complaint]) -> str:
    """CloudWatch's sentence: names of members begin with a small letter, whatever the model has."""
    return sentence([c._replace(where=_STEP_START.sub(lambda first: first[0].lower(), c.where)) for c in complaints])


class Validator:
    """Builds the checks of each shape once, and keeps them."""

    def __init__(self, open_enums: Collection[str] = ()) -> None:
        """``open_enums``: the shapes whose enums are not checked."""
        self._open_enums = open_enums
        self._checks: dict[str, Check | None] = {}

    def complaints(self, operation: OperationModel, params: object) -> Sequence[Complaint]:
        """The violations in an operation's input; empty for a valid one."""
        check = self._check(operation.input_shape) if operation.input_shape is not None else None
        return check(params) if check is not None else ()

    def _check(self, shape: Shape) -> Check | None:
        if shape.name not in self._checks:
            self._checks[shape.name] = self._make(shape)
        return self._checks[shape.name]

    def _make(self, shape: Shape) -> Check | None:
        match shape:
            case StructureShape():
                return self._structure(shape)
            case ListShape():
                return _in_turn(_size(shape), self._items(shape))
            case MapShape():
                return _in_turn(_size(shape), self._entries(shape))
            case StringShape():
                enum = None if shape.name in self._open_enums else _enum(shape)
                return _in_turn(_size(shape), enum, _pattern(shape))
            case _:
                return _size(shape) if shape.type_name == "blob" else _range(shape)

    def _structure(self, shape: StructureShape) -> Check:
        required_members = [(xform_name(name), name) for name in shape.required_members]
        table: list[tuple[str, str, Check]] = []
        union = bool(shape.metadata.get("union"))

        def check(value: object) -> Sequence[Complaint]:
            if not isinstance(value, dict):
                return ()
            complaints: list[Complaint] = []
            for key, name in required_members:
                if key not in value:
                    complaints.append(Complaint(name, "Value null", "Member must not be null", missing=True))
            if union and len(value) != 1:
                complaints.append(Complaint("", f"{len(value)} members", "Exactly one member of a union must be set"))
            for key, name, check_member in table:
                if key in value:
                    complaints += [complaint.below(name) for complaint in check_member(value[key])]
            return complaints

        self._checks[shape.name] = check  # before its members: a shape may contain itself
        for name, member in shape.members.items():
            check_member = self._check(member)
            if check_member is not None:
                table.append((xform_name(name), name, check_member))
        return check

    def _items(self, shape: ListShape) -> Check | None:
        check_item = self._check(shape.member)
        if check_item is None:
            return None

        def check(value: object) -> Sequence[Complaint]:
            items = value if isinstance(value, list) else ()
            return [c.below(f"[{index}]") for index, item in enumerate(items) for c in check_item(item)]

        return check

    def _entries(self, shape: MapShape) -> Check | None:
        check_key, check_value = self._check(shape.key), self._check(shape.value)
        if check_key is None and check_value is None:
            return None

        def check(value: object) -> Sequence[Complaint]:
            entries = value if isinstance(value, dict) else {}
            return [
                complaint.below(f"['{key[:_SHOWN]}']")
                for key, item in entries.items()
                for check_part, part in ((check_key, key), (check_value, item))
                if check_part is not None
                for complaint in check_part(part)
            ]

        return check


def _in_turn(*checks: Check | None) -> Check | None:
    """A check that returns the complaints of the first check that has any, so that a value that is too long is not also
    matched with the pattern.
    """
    real = [check for check in checks if check is not None]
    if len(real) <= 1:
        return real[0] if real else None

    def check_all(value: object) -> Sequence[Complaint]:
        return next((complaints for check in real if (complaints := check(value))), ())

    return check_all


def _describe(shape: Shape, value: object) -> str:
    if shape.metadata.get("sensitive"):
        return "A value that is not shown"
    if isinstance(value, list | dict | bytes):
        return f"A value of length {len(value)}"
    text = str(value)
    return f"Value '{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}'"


def _limits(shape: Shape) -> tuple[float, float]:
    return float(shape.metadata.get("min", "-inf")), float(shape.metadata.get("max", "inf"))


def _bounds_check(shape: Shape, quantity: str, measure: Callable[[object], float]) -> Check | None:
    least, most = _limits(shape)
    if "min" not in shape.metadata and "max" not in shape.metadata:
        return None

    def check(value: object) -> Sequence[Complaint]:
        size = measure(value)
        if size < least:
            return (_complaint(shape, value, f"Member must have {quantity} greater than or equal to {least:.15g}"),)
        if size > most:
            return (_complaint(shape, value, f"Member must have {quantity} less than or equal to {most:.15g}"),)
        return ()

    return check


def _size(shape: Shape) -> Check | None:
    return _bounds_check(shape, "length", lambda value: len(value))  # type: ignore[arg-type]  # noqa: PLW0108  read as sized


def _range(shape: Shape) -> Check | None:
    return _bounds_check(shape, "value", lambda value: value)  # type: ignore[arg-type,return-value]  # read as a number


def _enum(shape: StringShape) -> Check | None:
    values = frozenset(shape.enum)
    if not values:
        return None

    def check(value: object) -> Sequence[Complaint]:
        if value in values:
            return ()
        constraint = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        return (_complaint(shape, value, constraint)._replace(allowed=tuple(shape.enum)),)

    return check


def _pattern(shape: StringShape) -> Check | None:
    text = shape.metadata.get("pattern")
    if text is None:
        return None
    pattern = compiled_pattern(text)

    def check(value: object) -> Sequence[Complaint]:
        if matches_in_time(pattern, str(value)):
            return ()
        return (_complaint(shape, value, f"Member must satisfy regular expression pattern: {text}"),)

    return check


def matches_in_time(pattern: regex.Pattern[str], value: str) -> bool:
    """Whether the pattern matches the whole value within ``_PATTERN_SECONDS`` of processor time. AWS would not accept a
    value that takes longer either.
    """
    with suppress(TimeoutError):
        return matches_whole(pattern, value, _PATTERN_SECONDS)
    return False


def compiled_pattern(text: str) -> regex.Pattern[str]:
    """A model's pattern, which is written for Java, compiled for Python."""
    return regex.compile(_SURROGATE_PAIR.sub(_code_point, text))


def _code_point(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00:08X}"


def _complaint(shape: Shape, value: object, constraint: str) -> Complaint:
    return Complaint("", _describe(shape, value), constraint)


def any_missing(complaints: Iterable[Complaint]) -> bool:
    """Whether a required member is absent; some services have a separate error for that."""
    return any(complaint.missing for complaint in complaints)
