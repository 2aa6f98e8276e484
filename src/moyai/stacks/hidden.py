"""What stands in events and change sets for the values of hidden parameters (NoEcho).

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

HIDDEN_TEXT: Final = "****"


def hide(value: Any, hidden: Collection[str]) -> Any:  # noqa: ANN401 (JSON, or functions)
    """The value with ``****`` wherever one of the texts occurs. ``hidden`` has no empty text."""
    if not hidden:
        return value
    longest_first = sorted(hidden, key=len, reverse=True)
    return _hide(value, re.compile("|".join(map(re.escape, longest_first))))


def _hide(value: Any, hidden: re.Pattern[str]) -> Any:  # noqa: ANN401 (JSON, or functions)
    if isinstance(value, str):
        return hidden.sub(HIDDEN_TEXT, value)
    if isinstance(value, list | tuple):
        return [_hide(element, hidden) for element in value]
    if isinstance(value, Mapping):
        return {name: _hide(member, hidden) for name, member in value.items()}
    return value
