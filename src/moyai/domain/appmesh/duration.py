"""Lengths of time.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Duration.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

_MILLIS: Final = 1000


class DurationUnit(StrEnum):
    """Seconds or milliseconds."""

    SECONDS = "s"
    MILLISECONDS = "ms"


class Duration(msgspec.Struct, frozen=True):
    """A length of time. AWS's model lets both members be absent, and says nothing of what that would mean: here both
    are needed.
    """

    unit: DurationUnit
    value: int

    @property
    def millis(self) -> int:
        """The same in milliseconds."""
        return self.value if self.unit is DurationUnit.MILLISECONDS else self.value * _MILLIS

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.millis / _MILLIS
