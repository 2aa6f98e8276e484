r"""Domain names as Route 53 writes them: lower case, a dot at the end, other characters as octal codes.

Promise: two texts of one name become the same labels, and the labels one text. ``*`` is written ``\052``.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

LONGEST_LABEL: Final = 63
_LONGEST_NAME: Final = 255
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_PART: Final = re.compile(r"\\([0-3][0-7]{2})|([!-\[\]-~])")
"""An octal code, or any visible ASCII character except the backslash."""


class DomainNameProblem(ValueError):
    """A text is no domain name; the message says why in Route 53's words."""

    def __init__(self, code: str, explanation: str, text: str) -> None:
        super().__init__(f"FATAL problem: {code} ({explanation}) encountered with '{text}'")


def labels_of(text: str) -> tuple[bytes, ...]:
    """The labels of an absolute name, in lower case. Raises DomainNameProblem."""
    labels: list[bytes] = []
    label = bytearray()
    position = 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise DomainNameProblem("UnsupportedCharacter", "Value contains unsupported characters", text)
        position = part.end()
        if part[0] == ".":
            labels.append(_check_label(label, text))
            label = bytearray()
        else:
            label.append(int(part[1], 8) if part[1] else ord(part[2]))
    if label:
        labels.append(_check_label(label, text))
    if not labels:
        raise DomainNameProblem("DomainNameEmpty", "Domain name is empty", text)
    if sum(len(one) + 1 for one in labels) + 1 > _LONGEST_NAME:
        raise DomainNameProblem("DomainNameTooLong", "Domain name is too long", text)
    return tuple(labels)


def name_of(labels: Sequence[bytes]) -> str:
    """The name with these labels."""
    return "".join(f"{_text(label)}." for label in labels)


def normalized_name(text: str) -> str:
    """The name as Route 53 writes it. Raises DomainNameProblem."""
    return name_of(labels_of(text))


def reversed_name(name: str) -> str:
    """The labels of a normalized name from the last to the first, by which lists are ordered."""
    return "".join(f"{label}." for label in reversed(name.split(".")[:-1]))


def lies_within(name: str, zone: str) -> bool:
    """Whether a normalized name is the zone's or below it."""
    return name == zone or name.endswith(f".{zone}")


def _check_label(label: bytearray, text: str) -> bytes:
    if not label:
        raise DomainNameProblem("DomainLabelEmpty", "Domain label is empty", text)
    if len(label) > LONGEST_LABEL:
        raise DomainNameProblem("DomainLabelTooLong", "Domain label is too long", text)
    return bytes(label).lower()


def _text(label: bytes) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in label)
