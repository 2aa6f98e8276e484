"""Filter patterns, which select messages.

Promise: a pattern has terms (``ERROR``, ``"two words"``, ``-not this``, ``?any ?of these``), or it has conditions on
JSON (``{ $.level = "error" && $.ms > 5 }``, see ``json_pattern``) or on columns (``[…]``, see ``column_pattern``), or
it is one regular expression (``%…%``, see ``regular_expression``). A term matches anywhere in the message, with its
case; terms with ``?`` count only where there are no others, as in AWS. Refuses, with InvalidParameter: any other
pattern.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from typing import Final

from moyai.domain.logs.errors import InvalidParameter
from moyai.expressions.log_filter.column_pattern import compile_column_pattern
from moyai.expressions.log_filter.json_pattern import compile_json_pattern
from moyai.expressions.log_filter.operand import TextPredicate
from moyai.expressions.log_filter.regular_expression import compile_regular_expression

_TERM: Final = re.compile(
    r'\s*(?P<mark>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>(?![-?])[^\s"\\?(){}\[\]%]+))(?=\s|$)'
)
_ESCAPE: Final = re.compile(r"\\(.)")


def compile_filter_pattern(pattern: str) -> TextPredicate:
    """The predicate of a pattern; a blank pattern matches every message. Raises InvalidParameter."""
    text = pattern.strip()
    if text.startswith("{"):
        return compile_json_pattern(text)
    if text.startswith("["):
        return compile_column_pattern(text)
    if text.startswith("%") and text.endswith("%") and "%" not in text[1:-1] and len(text) > len("%%"):
        return compile_regular_expression(text[1:-1])
    return _compile_terms(text)


def _compile_terms(text: str) -> TextPredicate:
    mandatory: list[str] = []
    forbidden: list[str] = []
    optional: list[str] = []
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise InvalidParameter(f"Invalid filter pattern: it can't be understood from {text[position:][:50]!r} on.")
        position = match.end()
        term = match["word"] if match["phrase"] is None else _ESCAPE.sub(r"\1", match["phrase"])
        if not term:
            if match["mark"]:
                raise InvalidParameter("Invalid filter pattern: an empty term.")
            continue
        {"": mandatory, "-": forbidden, "?": optional}[match["mark"]].append(term)
    if mandatory or forbidden:
        return lambda message: all(t in message for t in mandatory) and not any(t in message for t in forbidden)
    return lambda message: not optional or any(t in message for t in optional)
