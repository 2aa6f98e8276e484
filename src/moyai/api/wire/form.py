"""Input of the query protocols: flat ``name.1.name=value`` pairs, folded back into a tree.

Promise: AWS Query (lists under ``.member.N``, maps under ``.entry.N.key``) and EC2 (lists flat, names
capitalised) are one reader with two sets of naming rules. AWS Query ignores and notes an unknown field;
EC2 refuses it by name.
Refuses: more than ``MAX_FIELDS`` fields, names deeper than ``MAX_DEPTH``, an index that is not a number.
Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, .../aws-ec2-query-protocol.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape

from moyai.api.wire.misfit import Misfit
from moyai.api.wire.scalars import (
    MemberReader,
    Reader,
    complaint,
    read_base64,
    read_items,
    read_members,
    read_number,
    read_string,
    read_time,
)
from moyai.api.wire.unknown_members import note_unknown_member
from moyai.kernel.errors import Malformed

MAX_FIELDS = 10_000
MAX_DEPTH = 32
_LONGEST_NAME = 100
"""Characters of a field's name that an error repeats."""
Branch = dict[str, "str | Branch"]


class UnknownParameter(Malformed, code="UnknownParameter"):
    """EC2's error for a field that no member has."""


def _text_boolean(value: object) -> bool:
    match value:
        case "true" | "True" | "1":
            return True
        case "false" | "False" | "0":
            return False
        case _:
            raise complaint(value, "boolean")


def _text_integer(bits: int) -> Reader:
    def read(value: object) -> int:
        text = read_string(value).strip()
        if not text.removeprefix("-").isdecimal() or not text.isascii():
            raise complaint(value, "integer")
        if len(text) > bits or not -(1 << bits) <= int(text) < 1 << bits:
            raise Misfit(f"{text[:bits]} does not fit in {bits + 1} bits.")
        return int(text)

    return read


def _text_number(value: object) -> float:
    try:
        return float(read_string(value))
    except ValueError:
        return read_number(value)


SCALAR_TEXT_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "string": read_string,
        "boolean": _text_boolean,
        "integer": _text_integer(31),
        "long": _text_integer(63),
        "float": _text_number,
        "double": _text_number,
        "timestamp": read_time,
        "blob": read_base64,
    }
)
"""The readers, by type, of values that arrive as text: in a form, a path, a query string or XML."""


class Naming(NamedTuple):
    """The naming differences between AWS Query and EC2 Query."""

    member: Callable[[Shape, str], str]
    """The field of a structure's member, from its shape and its name."""
    list_step: Callable[[ListShape], str | None]
    """The step between a list's name and an index; None when there is none."""
    refuses_unknown: bool


QUERY = Naming(
    member=lambda shape, name: shape.serialization.get("name", name),
    list_step=lambda shape: shape.member.serialization.get("name", "member"),
    refuses_unknown=False,
)


def _ec2_member(shape: Shape, name: str) -> str:
    if query_name := shape.serialization.get("queryName"):
        return str(query_name)
    location: str = shape.serialization.get("name", name)
    return location[:1].upper() + location[1:]


EC2 = Naming(member=_ec2_member, list_step=lambda _shape: None, refuses_unknown=True)


def parse_tree(fields: Iterable[tuple[str, str]]) -> Branch:
    """The tree behind dotted names. Raises Misfit."""
    root: Branch = {}
    for name, value in fields:
        steps = name.split(".")
        if len(steps) > MAX_DEPTH:
            raise Misfit(f"the field name '{name[:80]}…' has too many parts.")
        branch = root
        for step in steps[:-1]:
            below = branch.setdefault(step, {})
            if isinstance(below, str):
                if below:
                    raise Misfit(f"the field '{name}' stands both for a value and for a structure.")
                below = branch[step] = {}
            branch = below
        branch.setdefault(steps[-1], value)
    return root


class FormReader:
    """Builds the reader of each shape once, and keeps it."""

    def __init__(self, naming: Naming) -> None:
        self._naming = naming
        self._readers: dict[str, Reader] = {}

    def reader(self, shape: Shape) -> Reader:
        """The function that reads a branch (or a text) as this shape."""
        match shape:
            case StructureShape():
                return self._readers.get(shape.name) or self._structure(shape)
            case ListShape():
                return self._list(shape)
            case MapShape():
                return self._map(shape)
            case _:
                return SCALAR_TEXT_READERS[shape.type_name]

    def _structure(self, shape: StructureShape) -> Reader:
        table: dict[str, MemberReader] = {}

        def note_unknown(field: str) -> None:
            if self._naming.refuses_unknown:
                raise UnknownParameter(f"The parameter {field[:_LONGEST_NAME]} is not recognized")
            note_unknown_member(shape.name, field)

        def read(value: object) -> dict[str, object]:
            if not isinstance(value, dict):
                raise complaint(value, "structure")
            return read_members(value.items(), table, note_unknown)

        self._readers[shape.name] = read  # before its members: a shape may contain itself
        for name, member in shape.members.items():
            table[self._naming.member(member, name)] = MemberReader(name, xform_name(name), self.reader(member))
        return read

    def _list(self, shape: ListShape) -> Reader:
        read_item = self.reader(shape.member)
        step = self._naming.list_step(shape)

        def read(value: object) -> list[object]:
            if value == "":
                return []
            return read_items(_in_order(_below(value, step, "list")), read_item)

        return read

    def _map(self, shape: MapShape) -> Reader:
        read_value = self.reader(shape.value)
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")

        def read(value: object) -> dict[str, object]:
            if value == "":
                return {}
            items: dict[str, object] = {}
            for entry in _in_order(_below(value, "entry", "map")):
                if not isinstance(entry, dict) or set(entry) != {key_name, value_name}:
                    raise Misfit(f"each entry of a map has a .{key_name} and a .{value_name}.")
                key = read_string(entry[key_name])
                try:
                    items[key] = read_value(entry[value_name])
                except Misfit as problem:
                    raise problem.under_key(key) from None
            return items

        return read


def _below(value: object, step: str | None, expected: str) -> Branch:
    if isinstance(value, dict) and step is not None:
        if set(value) != {step}:
            raise Misfit(f"items are numbered after '.{step}.'.")
        value = value[step]
    if isinstance(value, dict):
        return value
    raise complaint(value, expected)


def _in_order(branch: Branch) -> list[str | Branch]:
    numbered_values: list[tuple[int, str | Branch]] = []
    for index, item in branch.items():
        if not (index.isascii() and index.isdecimal()) or len(index) > len(str(MAX_FIELDS)):
            raise Misfit(f"'{index[:40]}' is not the number of an item.")
        numbered_values.append((int(index), item))
    numbered_values.sort(key=lambda pair: pair[0])
    return [item for _, item in numbered_values]
