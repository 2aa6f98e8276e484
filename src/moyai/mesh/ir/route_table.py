"""Which request goes where. Rules are totally ordered: the first that matches decides."""

from __future__ import annotations

import msgspec

from moyai.mesh.ir.load_balancing import HashKey
from moyai.mesh.ir.retry_policy import RetryPolicy
from moyai.mesh.ir.target import Target
from moyai.mesh.ir.timeout_policy import TimeoutPolicy


class HeaderMatch(msgspec.Struct, frozen=True):
    """A request has the header; with ``exact``, has it with this value."""

    name: str
    exact: str | None = None


class Match(msgspec.Struct, frozen=True):
    """A request matches when every predicate given holds; with none, all do."""

    methods: tuple[str, ...] = ()
    path: str = "/"
    """This path and all below it."""
    headers: tuple[HeaderMatch, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """Requests that ``match`` go to one of ``targets``, by their weights; another attempt goes to the same target."""

    targets: tuple[Target, ...]
    timeouts: TimeoutPolicy
    match: Match = Match()
    retry: RetryPolicy | None = None
    hash_on: HashKey | None = None


class RouteTable(msgspec.Struct, frozen=True):
    """An HTTP service's rules."""

    rules: tuple[Rule, ...]
