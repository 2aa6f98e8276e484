"""Parameters in protocols whose bodies are already trees: JSON and CBOR.

Promise: one pass over the value, driven by tables that are built once for each shape. A member that the
model does not have is ignored and noted. ``null`` means absent.
Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from moyai.api.wire.codec import Params
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.scalars import Reader, complaint, read_items
from moyai.api.wire.unknown_members import note_unknown_member
from moyai.kernel.errors import Malformed

Writer = Callable[[Any], object]
"""Converts a value to one that JSON or CBOR can encode. It checks no scalar: handlers are moyai's own."""
_IGNORED = frozenset({"__type"})


class UnknownMember(TypeError):
    """A handler returned a member that its operation's output does not have: a bug of moyai's."""


class TreeReader:
    """Builds the reader of each shape once, and keeps it."""

    def __init__(self, scalars: Mapping[str, Reader]) -> None:
        self._scalars = scalars
        self._readers: dict[str, Reader] = {}

    def params(self, operation: OperationModel, value: object) -> Params:
        """The input of an operation, from its body's value. Raises Malformed."""
        if operation.input_shape is None:
            return {}
        try:
            params: Params = self.reader(operation.input_shape)(value)
        except Misfit as misfit:
            raise Malformed(misfit.message) from None
        return params

    def reader(self, shape: Shape) -> Reader:
        """The function that reads a value of this shape."""
        if shape.type_name not in {"structure", "list", "map"}:
            return self._scalars[shape.type_name]
        reader = self._readers.get(shape.name)
        return self._make(shape) if reader is None else reader

    def _make(self, shape: Shape) -> Reader:
        match shape:
            case StructureShape() if shape.is_document_type:
                reader: Reader = _as_it_is
            case StructureShape():
                reader = self._structure(shape)
            case ListShape():
                reader = self._list(shape)
            case MapShape():
                reader = self._map(shape)
            case _:
                raise TypeError(f"{shape.name}: no reader for the type {shape.type_name}")
        self._readers[shape.name] = reader
        return reader

    def _structure(self, shape: StructureShape) -> Reader:
        table: dict[str, tuple[str, Reader]] = {}

        def read(value: object) -> dict[str, object]:
            if not isinstance(value, dict):
                raise complaint(value, "structure")
            read_values: dict[str, object] = {}
            for name, item in value.items():
                if item is None:
                    continue
                entry = table.get(name)
                if entry is None:
                    if name not in _IGNORED:
                        note_unknown_member(shape.name, name)
                    continue
                try:
                    read_values[entry[0]] = entry[1](item)
                except Misfit as problem:
                    raise problem.under(name) from None
            return read_values

        self._readers[shape.name] = read  # before its members: a shape may contain itself
        for name, member in shape.members.items():
            wire_name = member.serialization.get("name", name)
            table[wire_name] = (xform_name(name), self.reader(member))
        return read

    def _list(self, shape: ListShape) -> Reader:
        read_item = self.reader(shape.member)

        def read(value: object) -> list[object]:
            if not isinstance(value, list):
                raise complaint(value, "list")
            return read_items(value, read_item)

        return read

    def _map(self, shape: MapShape) -> Reader:
        read_item = self.reader(shape.value)

        def read(value: object) -> dict[str, object]:
            if not isinstance(value, dict):
                raise complaint(value, "map")
            items: dict[str, object] = {}
            for key, item in value.items():
                try:
                    items[key] = read_item(item)
                except Misfit as problem:
                    raise problem.under_key(key) from None
            return items

        return read


class TreeWriter:
    """Builds the writer of each shape once, and keeps it; None stands for "unchanged"."""

    def __init__(self, scalars: Mapping[str, Writer]) -> None:
        self._scalars = scalars
        self._writers: dict[str, Writer | None] = {}

    def writer(self, shape: Shape) -> Writer | None:
        """The function that writes a value of this shape, or None when there is nothing to do."""
        if shape.type_name not in {"structure", "list", "map"}:
            return self._scalars.get(shape.type_name)
        if shape.name not in self._writers:
            self._writers[shape.name] = self._make(shape)
        return self._writers[shape.name]

    def _make(self, shape: Shape) -> Writer | None:
        match shape:
            case StructureShape() if shape.is_document_type:
                return None
            case StructureShape():
                return self._structure(shape)
            case ListShape():
                return self._list(shape)
            case MapShape():
                return self._map(shape)
            case _:
                raise TypeError(f"{shape.name}: no writer for the type {shape.type_name}")

    def _structure(self, shape: StructureShape) -> Writer:
        table: dict[str, tuple[str, Writer | None]] = {}

        def write(value: object) -> dict[str, object]:
            if not isinstance(value, dict):
                raise TypeError(f"{shape.name} is a structure, not {type(value).__name__}")
            json_object: dict[str, object] = {}
            for name, item in value.items():
                if item is None:
                    continue
                entry = table.get(name)
                if entry is None:
                    raise UnknownMember(f"{shape.name} has no member {name!r}")
                json_object[entry[0]] = item if entry[1] is None else entry[1](item)
            return json_object

        self._writers[shape.name] = write
        for name, member in shape.members.items():
            table[xform_name(name)] = (member.serialization.get("name", name), self.writer(member))
        return write

    def _list(self, shape: ListShape) -> Writer | None:
        write_item = self.writer(shape.member)
        if write_item is None:
            return None

        def write(value: object) -> list[object]:
            return [write_item(item) for item in items_of(value, shape)]

        return write

    def _map(self, shape: MapShape) -> Writer | None:
        write_value = self.writer(shape.value)
        if write_value is None:
            return None

        def write(value: object) -> dict[object, object]:
            if not isinstance(value, dict):
                raise TypeError(f"{shape.name} is a map, not {type(value).__name__}")
            return {key: write_value(item) for key, item in value.items()}

        return write


def items_of(value: object, shape: Shape) -> Sequence[object]:
    """The items of a list."""
    if isinstance(value, list | tuple):
        return value
    raise TypeError(f"{shape.name} is a list, not {type(value).__name__}")


def _as_it_is(value: object) -> object:
    return value
