"""What a filter pattern compares a text with: a word, in which ``*`` stands for anything, or a regular expression."""

from __future__ import annotations

import re
from collections.abc import Callable

from moyai.domain.logs.expression import searched

Fits = Callable[[str], bool]


def fitting(operand: str) -> Fits:
    """The test that an operand means: ``"a phrase"``, ``%an expression%`` or a word. Raises InvalidParameter."""
    if operand.startswith("%"):
        return searched(operand[1:-1])
    return like(re.sub(r"\\(.)", r"\1", operand[1:-1]) if operand.startswith('"') else operand)


def like(text: str) -> Fits:
    """Equality, where ``*`` stands for anything."""
    if "*" not in text:
        return lambda found: found == text
    first, *middle, last = text.split("*")

    def fits(found: str) -> bool:
        if not (found.startswith(first) and found.endswith(last) and len(found) >= len(first) + len(last)):
            return False
        position, end = len(first), len(found) - len(last)
        for part in middle:
            position = found.find(part, position, end)
            if position < 0:
                return False
            position += len(part)
        return True

    return fits
