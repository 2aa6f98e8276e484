"""Which request goes where. Rules are totally ordered: the first that matches decides."""

from __future__ import annotations

import msgspec

from moyai.mesh.ir.load_balancing import HashKey
from moyai.mesh.ir.match import Match
from moyai.mesh.ir.retry_policy import RetryPolicy
from moyai.mesh.ir.rewrite import Rewrite
from moyai.mesh.ir.target import Target
from moyai.mesh.ir.timeout_policy import TimeoutPolicy


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Requests that ``match`` go to one of ``targets``, by their weights; another attempt goes to the same target.

    Without targets they are answered with 503. ``stat_name``: what the rule is counted under, within its host; empty =
    not by itself.
    """

    targets: tuple[Target, ...]
    timeouts: TimeoutPolicy
    match: Match = Match()
    retry: RetryPolicy | None = None
    hash_on: HashKey | None = None
    rewrite: Rewrite | None = None
    stat_name: str = ""


class RouteTable(msgspec.Struct, frozen=True):
    """An HTTP service's rules."""

    rules: tuple[Rule, ...]


class Host(msgspec.Struct, frozen=True):
    """Requests for any of ``domains`` (``*``, a name, ``*.example.com``, ``name:port``; lower case, each once in its
    list of hosts) obey these rules and no others: who has none of them is answered with 404.
    """

    name: str
    domains: tuple[str, ...]
    rules: tuple[Rule, ...]
