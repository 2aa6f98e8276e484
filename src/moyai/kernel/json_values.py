"""Kinds of JSON values, as Python has them."""

from __future__ import annotations

from typing import Any


def is_number(value: Any) -> bool:  # noqa: ANN401 (JSON)
    """Whether a value is a number; true and false, which Python counts among the integers, are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
