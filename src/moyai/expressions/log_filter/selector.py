"""Selectors of metric filters: what a metric's value or a dimension is taken from.

Promise: ``$.a.b[0]`` reads a JSON message, ``$name`` a column of the filter's pattern; anything else is itself. A
selector that finds nothing gives None.
Refuses, with InvalidParameter: a selector that does not go with the pattern.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
"""

from __future__ import annotations

from collections.abc import Callable

from moyai.domain.logs.errors import InvalidParameter
from moyai.expressions.log_filter.column_pattern import compile_column
from moyai.expressions.log_filter.json_pattern import compile_path

Selector = Callable[[str], str | None]
"""The text of a message that a selector finds."""


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
