"""Durations.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Duration.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

_MILLIS: Final = 1000


class DurationUnit(StrEnum):
    """The unit of a duration."""

    SECONDS = "s"
    MILLISECONDS = "ms"


class Duration(msgspec.Struct, frozen=True):
    """A duration. AWS's model makes both members optional and does not say what that means; here both are required."""

    unit: DurationUnit
    value: int

    @property
    def millis(self) -> int:
        """The duration in milliseconds."""
        return self.value if self.unit is DurationUnit.MILLISECONDS else self.value * _MILLIS

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.millis / _MILLIS
