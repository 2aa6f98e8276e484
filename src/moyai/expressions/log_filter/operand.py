"""The operand that a condition compares a text with: a word with wildcards, a phrase or a regular expression."""

from __future__ import annotations

import re
from collections.abc import Callable

from moyai.expressions.log_filter.regular_expression import compile_regular_expression
from moyai.kernel.wildcards import has_parts

TextPredicate = Callable[[str], bool]


def compile_operand(operand: str) -> TextPredicate:
    """The predicate of ``"a phrase"``, ``%a regular expression%`` or a word. Raises InvalidParameter."""
    if operand.startswith("%"):
        return compile_regular_expression(operand[1:-1])
    return _compile_wildcards(re.sub(r"\\(.)", r"\1", operand[1:-1]) if operand.startswith('"') else operand)


def _compile_wildcards(pattern: str) -> TextPredicate:
    """Equality, where ``*`` matches anything."""
    parts = pattern.split("*")
    return lambda text: has_parts(text, parts)
