"""Output of the query protocols: XML, written as text.

Promise: element names and nesting are those of botocore's models (``locationName``, ``item``,
``member``, ``entry``), times as ISO 8601, text escaped. Characters that XML 1.0 cannot carry at all are
replaced by U+FFFD.
Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape

from moyai.api.wire.scalars import write_base64, write_iso, write_number
from moyai.api.wire.tree import UnknownMember, items_of

TextWriter = Callable[[Any], str]
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: object) -> str:
    """Text as element content."""
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", str(text)).translate(_ESCAPES)


def element(name: str, inside: str) -> str:
    """An XML element; ``inside`` is already XML."""
    return f"<{name}>{inside}</{name}>"


def _boolean(value: object) -> str:
    return "true" if value else "false"


_SCALARS: Mapping[str, TextWriter] = MappingProxyType(
    {
        "boolean": _boolean,
        "timestamp": write_iso,
        "blob": write_base64,
        "float": lambda value: str(write_number(value)),
        "double": lambda value: str(write_number(value)),
    }
)


class XmlWriter:
    """Builds the writer of each shape once, and keeps it: it writes the contents without the element around them."""

    def __init__(self) -> None:
        self._writers: dict[str, TextWriter] = {}

    def writer(self, shape: Shape) -> TextWriter:
        """The function that writes a value of this shape."""
        match shape:
            case StructureShape():
                return self._writers.get(shape.name) or self._structure(shape)
            case ListShape():
                return self._list(shape)
            case MapShape():
                return self._map(shape)
            case _:
                return _SCALARS.get(shape.type_name, escape)

    def _structure(self, shape: StructureShape) -> TextWriter:
        table: dict[str, tuple[str, TextWriter]] = {}

        def write(value: object) -> str:
            if not isinstance(value, dict):
                raise TypeError(f"{shape.name} is a structure, not {type(value).__name__}")
            parts: list[str] = []
            for name, item in value.items():
                if item is None:
                    continue
                entry = table.get(name)
                if entry is None:
                    raise UnknownMember(f"{shape.name} has no member {name!r}")
                parts.append(element(entry[0], entry[1](item)))
            return "".join(parts)

        self._writers[shape.name] = write  # before its members: a shape may contain itself
        for name, member in shape.members.items():
            table[xform_name(name)] = (member.serialization.get("name", name), self.writer(member))
        return write

    def _list(self, shape: ListShape) -> TextWriter:
        write_item = self.writer(shape.member)
        name = shape.member.serialization.get("name", "member")

        def write(value: object) -> str:
            return "".join(element(name, write_item(item)) for item in items_of(value, shape))

        return write

    def _map(self, shape: MapShape) -> TextWriter:
        write_value = self.writer(shape.value)
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")

        def write(value: object) -> str:
            if not isinstance(value, dict):
                raise TypeError(f"{shape.name} is a map, not {type(value).__name__}")
            return "".join(
                element("entry", element(key_name, escape(key)) + element(value_name, write_value(item)))
                for key, item in value.items()
            )

        return write
