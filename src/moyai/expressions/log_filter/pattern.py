"""Filter patterns, which select messages, and the selectors of metric filters, which take texts from them.

Promise: a pattern has terms (``ERROR``, ``"two words"``, ``-not this``, ``?any ?of these``), or it has conditions on
JSON (``{ $.level = "error" && $.ms > 5 }``, see ``json_pattern``) or on columns (``[…]``, see ``column_pattern``), or
it is one regular expression (``%…%``, see ``regular_expression``). A term matches anywhere in the message, with its
case; terms with ``?`` count only where there are no others, as in AWS. The selector ``$.a.b[0]`` reads a JSON message,
``$name`` a column of the filter's pattern; any other text stands for itself. A selector gives None for a message that
has no such text. Refuses, with InvalidParameter: any other pattern, and a selector that does not go with the pattern.
Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from moyai.domain.logs.errors import InvalidParameter
from moyai.expressions.log_filter.column_pattern import compile_column, compile_column_pattern
from moyai.expressions.log_filter.json_pattern import compile_json_pattern, compile_path
from moyai.expressions.log_filter.operand import TextPredicate
from moyai.expressions.log_filter.regular_expression import compile_regular_expression

_TERM: Final = re.compile(
    r'\s*(?P<mark>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>(?![-?])[^\s"\\?(){}\[\]%]+))(?=\s|$)'
)
_ESCAPE: Final = re.compile(r"\\(.)")
Selector = Callable[[str], str | None]
"""The text of a message that a selector finds."""


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


def compile_selector(pattern: str, text: str) -> Selector:
    """The selector of a metric filter with this pattern. Raises InvalidParameter."""
    if not text.startswith("$"):
        return lambda _: text
    selected = pattern.strip()
    if text.startswith("$."):
        if not selected.startswith("{"):
            raise InvalidParameter(f"Invalid metric transformation: {text[:100]} needs a pattern for JSON.")
        return compile_path(text)
    if not selected.startswith("["):
        raise InvalidParameter(f"Invalid metric transformation: {text[:100]} needs a pattern for columns.")
    return compile_column(selected, text.removeprefix("$"))
