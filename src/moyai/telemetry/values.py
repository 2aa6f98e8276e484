"""The types that several packages of the telemetry share."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from moyai.domain.cloudwatch.metric import Histogram

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Ints: TypeAlias = "NDArray[np.int64]"
Floats: TypeAlias = "NDArray[np.float64]"
_MILLISECONDS = 1000
"""Milliseconds in a second."""


class SampleKind(StrEnum):
    """The meaning of one sample of a metric. The values are stored, so they never change."""

    COUNT = "COUNT"
    """The count of one task in the slot."""
    LEVEL = "LEVEL"
    """A gauge, as one report had it."""
    TIME = "TIME"
    """The time of one request."""
    SHARE = "SHARE"
    """The share of one target in the sum."""
    QUOTIENT = "QUOTIENT"
    """The whole count divided by the number of targets, as one sample; ``Sum`` is a target's share too."""
    MEAN = "MEAN"
    """The average of one task over the slot."""
    SUMMARY = "GIVEN"
    """The values that a client has put, already summarized."""


class ResponseTimes(NamedTuple):
    """Times in milliseconds: the number in each bucket of the histogram, and their sum."""

    histogram: Histogram
    sum: float

    def in_seconds(self) -> ResponseTimes:
        """The same with bounds and sum in seconds."""
        bounds = tuple(bound / _MILLISECONDS for bound in self.histogram.bounds)
        return ResponseTimes(Histogram(bounds, self.histogram.counts), self.sum / _MILLISECONDS)
