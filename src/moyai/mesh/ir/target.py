"""One of the places that a rule sends to, and how much of its traffic."""

from __future__ import annotations

import msgspec


class Target(msgspec.Struct, frozen=True):
    """A Destination by name. ``weight`` is its share of the sum of all targets' weights, which is above 0.

    A target without weight gets nothing; callers know it all the same, so that it can be given some at once.
    """

    destination: str
    weight: int = 1
