"""What one change to load balancers costs, among few rules and targets and among many: compiled, translated, published.

Run by `make bench`, or by hand: `.venv/bin/python bench/load_balancer_growth.py`. The load balancers are in memory, a
hundred rules and ten target groups each; the two sizes are measured in turn. No number here is a test.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace
from rig.report import show

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' load balancers

from moyai.domain.elb.rule import FixedResponseAction
from moyai.domain.record import StoredRecord
from moyai.domain.world import Put, table_name
from moyai.kernel.clock import Instant
from moyai.reconcile.front_meshes import FrontMeshes
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.golden.load_balancing.balancers import VPC, group_arn, world_of

SIZES: Final = ((1, 1), (10, 1), (1, 100))
"""Load balancers, and targets in each of the ten target groups of one: 100 rules and 10 targets; 1,000 rules; 1,000
targets."""
RULES: Final = 100
GROUPS: Final = 10
ROUNDS: Final = 15


class Place:
    """So many load balancers, and the shard that follows them."""

    def __init__(self, balancers: int, targets: int) -> None:
        self.world, feed = world_of(_described(balancers, targets)), Feed(BootstrapSettings())
        self._meshes = FrontMeshes(self.world, feed)
        self._meshes.add(VPC)
        self._meshes.follow([])

    def change(self, record: StoredRecord) -> None:
        """The record is another from now on."""
        self.world.apply(Put(record))
        self._meshes.follow([(table_name(type(record)), record.key)])


def _described(balancers: int, targets: int) -> dict[str, Any]:
    case: dict[str, Any] = {"loadBalancers": {}, "targetGroups": {}}
    for number in range(balancers):
        names = [f"{number}-{group}" for group in range(GROUPS)]
        rules: dict[Any, Any] = {"default": {"action": {"type": "forward", "groups": [names[0]]}}}
        for priority in range(1, RULES + 1):
            conditions = [{"type": "path-pattern", "values": [f"/{priority}/*"]}]
            action = {"type": "forward", "groups": [names[priority % GROUPS]]}
            rules[priority] = {"conditions": conditions, "action": action}
        case["loadBalancers"][f"b{number}"] = {
            "nodes": {"us-east-1a": f"10.0.0.{number + 1}"},
            "listeners": {80: {"rules": rules}},
        }
        for group, name in enumerate(names):
            at = (f"10.1.{group}.{target + 1}:{8000 + number}" for target in range(targets))
            case["targetGroups"][name] = {"targets": {key: {} for key in at}}
    return case


def rule(place: Place, number: int) -> None:
    """A rule gets another action."""
    (balancer,) = (one for one in place.world.load_balancers if one.name == "b0")
    (listener,) = place.world.listeners.by("load_balancer", balancer.arn)
    found = next(one for one in place.world.rules.by("listener", listener.arn) if one.priority == 1)
    place.change(replace(found, action=FixedResponseAction(200, "text/plain", str(number))))


def target(place: Place, number: int) -> None:
    """A target begins to drain, or is back."""
    found = next(iter(place.world.targets.by("group", group_arn("0-1"))))
    place.change(replace(found, deregistered_at=Instant(1) if number % 2 else None))


CHANGES: Final[Mapping[str, Callable[[Place, int], None]]] = {
    "a rule's action changes": rule,
    "a target begins to drain, or is back": target,
}


def main() -> None:
    """Measure all sizes, in turn."""
    places = [Place(*size) for size in SIZES]
    base, *others = ("among 100 rules and 10 targets", "among 1,000 rules", "among 1,000 targets")
    for label, change in CHANGES.items():
        rows: dict[str, list[float]] = {name: [] for name in (base, *others)}
        for number in range(ROUNDS):
            for row, place in zip(rows.values(), places, strict=True):
                began = time.perf_counter()
                change(place, number)
                row.append(1000 * (time.perf_counter() - began))
        show(label, "ms", rows, base)


if __name__ == "__main__":
    main()
