"""The traffic of a service: the weights of its pools of tasks."""

from __future__ import annotations

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.ids import Pool

WHOLE = 1000
"""The sum of all weights: a weight is a tenth of a percent, the smallest step that AWS accepts."""


class TrafficShare(msgspec.Struct, frozen=True):
    """The weight of a pool, out of WHOLE; callers have the endpoints of a pool with weight 0, but send nothing."""

    pool: Pool
    weight: int


class ServiceTraffic(msgspec.Struct, frozen=True):
    """The shares, whose weights add up to WHOLE; none before the first pool has traffic."""

    shares: tuple[TrafficShare, ...] = ()
    test: Pool | None = None
    """The pool of requests with the test header."""
    since: Instant = Instant(0)
    """Since when the traffic is split like this."""

    @property
    def pools(self) -> frozenset[Pool]:
        """The pools whose endpoints callers have."""
        return frozenset(share.pool for share in self.shares)

    def weight(self, pool: Pool) -> int:
        """The weight of a pool; 0 if it has none."""
        return next((share.weight for share in self.shares if share.pool == pool), 0)
