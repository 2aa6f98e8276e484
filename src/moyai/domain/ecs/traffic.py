"""Which of a service's pools of tasks gets how much of the calls to it."""

from __future__ import annotations

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.ids import Pool

WHOLE = 1000
"""All of the production traffic: weights are tenths of a percent, the finest that AWS takes."""


class TrafficShare(msgspec.Struct, frozen=True):
    """``weight`` out of WHOLE; a pool without weight is known to callers and gets nothing yet."""

    pool: Pool
    weight: int


class ServiceTraffic(msgspec.Struct, frozen=True):
    """The shares, whose weights come to WHOLE; none before the first pool has one."""

    shares: tuple[TrafficShare, ...] = ()
    test: Pool | None = None
    """Where calls with the test header go."""
    since: Instant = Instant(0)
    """Since when it is so."""

    @property
    def pools(self) -> frozenset[Pool]:
        """Those that callers are to know."""
        return frozenset(share.pool for share in self.shares)

    def weight(self, pool: Pool) -> int:
        """The pool's share."""
        return next((share.weight for share in self.shares if share.pool == pool), 0)
