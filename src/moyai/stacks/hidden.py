"""The replacement of hidden parameters' values (NoEcho) in events and change sets.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from moyai.stacks.template.expressions import HIDDEN_TEXT


def hide(value: Any, texts: Collection[str]) -> Any:  # noqa: ANN401 (JSON, or functions)
    """The value with ``****`` in place of each occurrence of one of the texts, none of which is empty."""
    if not texts:
        return value
    longest_first = sorted(texts, key=len, reverse=True)
    return _hide(value, re.compile("|".join(map(re.escape, longest_first))))


def derived_texts(value: Any, masked: Any) -> frozenset[str]:  # noqa: ANN401 (JSON, or functions)
    """The texts of ``value`` that ``masked`` does not have in the same place: they are computed from hidden values.

    ``masked`` is the result of the same expression with ``****`` as the hidden values.
    """
    if isinstance(value, Mapping) and isinstance(masked, Mapping):
        return frozenset().union(*(derived_texts(member, masked.get(name)) for name, member in value.items()))
    if isinstance(value, list | tuple) and isinstance(masked, list | tuple) and len(value) == len(masked):
        return frozenset().union(*map(derived_texts, value, masked))
    if isinstance(value, Mapping | list | tuple):
        members = value.values() if isinstance(value, Mapping) else value
        return frozenset().union(*(derived_texts(member, None) for member in members))
    return frozenset({value}) if isinstance(value, str) and value and value != masked else frozenset()


def _hide(value: Any, pattern: re.Pattern[str]) -> Any:  # noqa: ANN401 (JSON, or functions)
    if isinstance(value, str):
        return pattern.sub(HIDDEN_TEXT, value)
    if isinstance(value, list | tuple):
        return [_hide(element, pattern) for element in value]
    if isinstance(value, Mapping):
        return {name: _hide(member, pattern) for name, member in value.items()}
    return value
