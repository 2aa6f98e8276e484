"""Which request goes where. Rules are totally ordered: the first that matches decides."""

from __future__ import annotations

import msgspec

from moyai.mesh.ir.retry_policy import RetryPolicy
from moyai.mesh.ir.timeout_policy import TimeoutPolicy


class Match(msgspec.Struct, frozen=True):
    """A request matches when every predicate given holds; with none, all do."""

    methods: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """Requests that ``match`` go to ``destination``, a Destination's name."""

    destination: str
    timeouts: TimeoutPolicy
    match: Match = Match()
    retry: RetryPolicy | None = None


class RouteTable(msgspec.Struct, frozen=True):
    """An HTTP service's rules."""

    rules: tuple[Rule, ...]
