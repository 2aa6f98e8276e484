"""Matches texts with patterns whose only special character stands for any characters."""

from __future__ import annotations

from collections.abc import Sequence


def has_parts(text: str, parts: Sequence[str]) -> bool:
    """Whether a text has these parts, the pieces of a pattern between its wildcards: the first at its start, the last
    at its end, the others between them in this order. A pattern without wildcards has one part, the whole text.

    The first place of each part is the right one, so this takes time in proportion to the text.
    """
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in middle:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True
