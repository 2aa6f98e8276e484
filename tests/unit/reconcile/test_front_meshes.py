"""The shards of front proxies follow the records of load balancers, and cost what has changed."""

from __future__ import annotations

import sys
from typing import Any

import yaml
from msgspec.structs import replace

from moyai.domain.elb.front import front_workload
from moyai.domain.elb.rule import FixedResponseAction
from moyai.domain.elb.target_group import INITIAL_HEALTH_CHECKING
from moyai.domain.record import StoredRecord
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Instant
from moyai.mesh.ir import MeshIR
from moyai.mesh.load_balancing import compile_front
from moyai.reconcile.front_meshes import FrontMeshes
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.golden.load_balancing.balancers import VPC, world_of

TWO = """
loadBalancers:
  first: {listeners: {80: {rules: {default: {action: {type: forward, groups: [one]}}}}}}
  second:
    nodes: {us-east-1a: 10.0.0.11}
    listeners: {80: {rules: {default: {action: {type: forward, groups: [two]}}}}}
targetGroups:
  one: {targets: {"10.0.0.20:80": {}}}
  two: {targets: {"10.0.0.21:80": {}}}
"""


class RecordingFeed(Feed):
    """A feed that keeps what is published."""

    def __init__(self) -> None:
        super().__init__(BootstrapSettings())
        self.published: list[MeshIR] = []

    def publish(self, mesh: MeshIR, shard: str = "") -> None:
        """Keep the mesh."""
        assert shard == front_workload(VPC)
        self.published.append(mesh)


class Fronts:
    """A world with its shard."""

    def __init__(self, case: dict[str, Any] | None = None) -> None:
        self.world, self.feed = world_of(case or yaml.safe_load(TWO)), RecordingFeed()
        self.meshes = FrontMeshes(self.world, self.feed)
        self.meshes.add(VPC)
        self.meshes.follow([])

    def put(self, record: StoredRecord) -> None:
        self.world.apply(Put(record))
        self.meshes.follow([(str(type(record).__struct_config__.tag), record.key)])

    @property
    def shard(self) -> MeshIR:
        """As it was published last."""
        return self.feed.published[-1]


def test_the_first_shard_has_all_load_balancers():
    fronts = Fronts()
    assert fronts.feed.published == [compile_front(fronts.world, VPC)]


def test_a_changed_rule_changes_the_routes_of_its_listener_alone():
    fronts = Fronts()
    before = fronts.shard
    rule = next(iter(fronts.world.rules))
    fronts.put(replace(rule, action=FixedResponseAction(404)))
    assert fronts.shard == compile_front(fronts.world, VPC) != before
    assert fronts.shard.workloads == before.workloads
    changed = [name for name, service in fronts.shard.services.items() if service is not before.services[name]]
    assert [name.split("/")[2] for name in changed] == ["first"]


def test_the_health_of_a_target_changes_nothing():
    fronts = Fronts()
    target = next(iter(fronts.world.targets))
    fronts.put(replace(target, health=INITIAL_HEALTH_CHECKING))
    assert len(fronts.feed.published) == 1
    fronts.put(replace(target, deregistered_at=Instant(1)))
    assert fronts.shard == compile_front(fronts.world, VPC)
    assert len(fronts.feed.published) == 2


def many(balancers: int, targets: int, rules: int = 20) -> dict[str, Any]:
    """Load balancers with so many rules each, which all use its one target group."""
    forward = {"type": "forward"}
    case: dict[str, Any] = {"loadBalancers": {}, "targetGroups": {}}
    for number in range(balancers):
        name, action = f"b{number}", forward | {"groups": [f"b{number}"]}
        conditions = [{"type": "path-pattern", "values": ["/a/*"]}]
        own: dict[Any, Any] = {n: {"conditions": conditions, "action": action} for n in range(1, rules + 1)}
        node = {"us-east-1a": f"10.0.0.{number}"}
        case["loadBalancers"][name] = {
            "nodes": node,
            "listeners": {80: {"rules": {**own, "default": {"action": action}}}},
        }
        case["targetGroups"][name] = {"targets": {f"10.1.0.1:{8000 + n}": {} for n in range(targets)}}
    return case


def calls_for_a_changed_rule(case: dict[str, Any]) -> int:
    """The calls of Python functions until the shard is published again."""
    fronts, calls = Fronts(case), 0
    rule = next(rule for rule in fronts.world.rules if "/b0/" in rule.arn and rule.priority == 1)

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        fronts.put(replace(rule, action=FixedResponseAction(404)))
    finally:
        sys.setprofile(None)
    return calls


def test_a_changed_rule_costs_the_same_among_many_load_balancers():
    assert calls_for_a_changed_rule(many(10, 5)) < 1.3 * calls_for_a_changed_rule(many(1, 5))


def test_targets_are_read_once_however_many_rules_use_them():
    few, more = (calls_for_a_changed_rule(many(1, 200, rules)) for rules in (10, 40))
    assert more - few < 200 * (40 - 10)


def test_a_changed_rule_leaves_the_parts_of_other_load_balancers():
    fronts = Fronts(many(10, 5))
    before = fronts.shard
    rule = next(rule for rule in fronts.world.rules if "/b0/" in rule.arn and rule.priority == 1)
    fronts.put(replace(rule, action=FixedResponseAction(404)))
    after = fronts.shard
    assert sum(after.services[name] is not service for name, service in before.services.items()) == 1
    assert sum(after.destinations[name] is not one for name, one in before.destinations.items()) <= 1
    assert after.groups == before.groups


def test_the_last_load_balancer_takes_the_shard_along():
    fronts = Fronts()
    for balancer in tuple(fronts.world.load_balancers):
        fronts.world.apply(Delete(type(balancer), balancer.key))
        fronts.meshes.follow([("load_balancer", balancer.key)])
        assert fronts.shard == compile_front(fronts.world, VPC)
    assert fronts.shard == MeshIR()
