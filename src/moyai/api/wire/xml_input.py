"""Input of REST XML: an element for each member, folded back into a tree.

Promise: element names are those of botocore's models; namespaces are not compared, since clients leave them out. A list
is an element that has one element for each item. A document is UTF-8, whatever encoding it declares. An unknown element
is ignored and noted.
Refuses: a document type declaration (entities expand without bound), more than ``MAX_ELEMENTS``, deeper nesting than
``MAX_DEPTH``, another root element than the operation's.
Source: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
"""

from __future__ import annotations

from functools import partial
from typing import Final
from xml.parsers import expat

import msgspec
from botocore import xform_name
from botocore.model import ListShape, Shape, StructureShape

from moyai.api.wire.form import SCALAR_TEXT_READERS
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.scalars import MemberReader, Reader, complaint, read_items, read_members
from moyai.api.wire.unknown_members import note_unknown_member
from moyai.kernel.errors import Malformed

MAX_ELEMENTS: Final = 50_000
MAX_DEPTH: Final = 32


class InvalidXml(Malformed, code="InvalidInput"):
    """REST XML's error for a body that cannot be read."""


class XmlElement(msgspec.Struct):
    """An element: its name without namespace, the elements in it, and its text."""

    name: str
    children: list[XmlElement]
    text: str = ""


def parse_xml(body: bytes) -> XmlElement:
    """The root element of a document. Raises InvalidXml."""
    builder = _TreeBuilder()
    parser = expat.ParserCreate("utf-8", " ")  # expat leaves other encodings to Python, which knows few
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.refuse_doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.add_text
    try:
        parser.Parse(body, True)  # noqa: FBT003  expat takes no keywords
    except expat.ExpatError as error:
        raise InvalidXml(f"Invalid XML ; {error}") from error
    return builder.document.children[0]


class _TreeBuilder:
    """The callbacks of an expat parser, which build the tree."""

    def __init__(self) -> None:
        self.document = XmlElement("", [])
        self._open = [self.document]
        self._count = 0

    def refuse_doctype(self, *_: object) -> None:
        raise InvalidXml("Invalid XML ; a document type declaration is not allowed")

    def start(self, name: str, _attributes: object) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise InvalidXml(f"Invalid XML ; more than {MAX_ELEMENTS} elements, or nested deeper than {MAX_DEPTH}")
        element = XmlElement(name.rpartition(" ")[2], [])
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def add_text(self, text: str) -> None:
        self._open[-1].text += text


class XmlReader:
    """Builds the reader of each shape once, and keeps it."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}

    def reader(self, shape: Shape) -> Reader:
        """The function that reads an element as this shape."""
        match shape:
            case StructureShape():
                return self._readers.get(shape.name) or self._structure(shape)
            case ListShape():
                return self._list(shape)
            case _:
                return _text_reader(shape)

    def _structure(self, shape: StructureShape) -> Reader:
        table: dict[str, MemberReader] = {}
        note_unknown = partial(note_unknown_member, shape.name)

        def read(value: object) -> dict[str, object]:
            return read_members(((child.name, child) for child in _element(value).children), table, note_unknown)

        self._readers[shape.name] = read  # before its members: a shape may contain itself
        for name, member in shape.members.items():
            if "location" not in member.serialization:
                wire_name = member.serialization.get("name", name)
                table[wire_name] = MemberReader(name, xform_name(name), self.reader(member))
        return read

    def _list(self, shape: ListShape) -> Reader:
        read_item = self.reader(shape.member)
        item_name = shape.member.serialization.get("name", "member")

        def read(value: object) -> list[object]:
            items = _element(value).children
            if any(item.name != item_name for item in items):
                raise Misfit(f"each item of the list is an element '{item_name}'.")
            return read_items(items, read_item)

        return read


def _text_reader(shape: Shape) -> Reader:
    read_text = SCALAR_TEXT_READERS[shape.type_name]

    def read(value: object) -> object:
        element = _element(value)
        if element.children:
            raise Misfit(f"expected text, not the element '{element.children[0].name}'.")
        return read_text(element.text)

    return read


def _element(value: object) -> XmlElement:
    if isinstance(value, XmlElement):
        return value
    raise complaint(value, "structure")
