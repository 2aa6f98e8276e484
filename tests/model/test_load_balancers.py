"""Load balancers, listeners, rules and targets come, change and go in any order: what is recorded stays consistent."""

from __future__ import annotations

from collections import Counter
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moyai.domain.elb.target_group import TargetType
from moyai.domain.queries.load_balancing import load_balancers_of_group
from tests.contract.api.elb import Elb, fixed_response, forward, path
from tests.contract.api.installation import Installation

NAMES = st.sampled_from(["a", "b"])
PLACES = st.integers(0, 3)
PRIORITIES = st.integers(1, 3)
EXPECTED = {
    "DuplicateListener",
    "InvalidConfigurationRequest",
    "PriorityInUse",
    "ResourceInUse",
    "TargetGroupAssociationLimit",
}
"""What may be refused in this model; anything else is a bug."""


class LoadBalancers(RuleBasedStateMachine):
    """Two names of each kind, two ports, three priorities and four targets."""

    def __init__(self) -> None:
        super().__init__()
        self.installation = Installation()
        self.elb = Elb(self.installation)
        self.client = self.elb.client

    def _arn(self, table: str, place: int) -> str:
        arns = [record.arn for record in getattr(self.installation.store.world, table)]
        return str(arns[place % len(arns)]) if arns else ""

    def _ask(self, call: str, *needed: str, **params: Any) -> None:
        """Ask, unless there is nothing to ask about; what is refused is one of the expected errors."""
        if not all(needed):
            return
        try:
            getattr(self.client, call)(**params)
        except ClientError as error:
            assert error.response["Error"]["Code"] in EXPECTED, error  # noqa: PT017 (others are expected)

    @rule(name=NAMES)
    def create_load_balancer(self, name):
        self._ask("create_load_balancer", Name=name, Subnets=self.elb.subnets[:2])

    @rule(place=PLACES)
    def delete_load_balancer(self, place):
        arn = self._arn("load_balancers", place)
        self._ask("delete_load_balancer", arn, LoadBalancerArn=arn)

    @rule(name=NAMES)
    def create_target_group(self, name):
        params = {"Protocol": "HTTP", "Port": 80, "VpcId": self.elb.vpc, "TargetType": "ip"}
        self._ask("create_target_group", Name=name, **params)

    @rule(place=PLACES)
    def delete_target_group(self, place):
        arn = self._arn("target_groups", place)
        self._ask("delete_target_group", arn, TargetGroupArn=arn)

    @rule(place=PLACES, group=PLACES, port=st.sampled_from([80, 81]))
    def create_listener(self, place, group, port):
        balancer, target_group = self._arn("load_balancers", place), self._arn("target_groups", group)
        params = {"Protocol": "HTTP", "Port": port, "DefaultActions": [forward(target_group)]}
        self._ask("create_listener", balancer, target_group, LoadBalancerArn=balancer, **params)

    @rule(place=PLACES, port=st.sampled_from([80, 81]))
    def modify_listener(self, place, port):
        arn = self._arn("listeners", place)
        self._ask("modify_listener", arn, ListenerArn=arn, Port=port, DefaultActions=[fixed_response()])

    @rule(place=PLACES)
    def delete_listener(self, place):
        arn = self._arn("listeners", place)
        self._ask("delete_listener", arn, ListenerArn=arn)

    @rule(place=PLACES, group=PLACES, priority=PRIORITIES)
    def create_rule(self, place, group, priority):
        listener, target_group = self._arn("listeners", place), self._arn("target_groups", group)
        params = {"Priority": priority, "Conditions": [path("/x")], "Actions": [forward(target_group)]}
        self._ask("create_rule", listener, target_group, ListenerArn=listener, **params)

    @rule(priorities=st.lists(PRIORITIES, min_size=1, max_size=2))
    def set_rule_priorities(self, priorities):
        rules: list[str] = [record.arn for record in self.installation.store.world.rules if record.priority is not None]
        pairs = [{"RuleArn": arn, "Priority": n} for arn, n in zip(rules, priorities, strict=False)]
        self._ask("set_rule_priorities", *rules[:1] or [""], RulePriorities=pairs)

    @rule(group=PLACES, number=PLACES, leaves=st.booleans())
    def register_or_deregister_targets(self, group, number, leaves):
        arn = self._arn("target_groups", group)
        call = "deregister_targets" if leaves else "register_targets"
        self._ask(call, arn, TargetGroupArn=arn, Targets=[{"Id": f"172.31.0.{20 + number}"}])

    @invariant()
    def what_is_recorded_is_consistent(self):
        world = self.installation.store.world
        assert {listener.load_balancer for listener in world.listeners} <= set(world.load_balancers.keys())
        assert {record.listener for record in world.rules} == set(world.listeners.keys())
        defaults = Counter(record.listener for record in world.rules if record.priority is None)
        assert set(defaults.values()) <= {1}
        assert len(defaults) == len(world.listeners)
        for of in (
            Counter((listener.load_balancer, listener.port) for listener in world.listeners),
            Counter((record.listener, record.priority) for record in world.rules),
        ):
            assert set(of.values()) <= {1}
        assert {group for record in world.rules for group in record.groups} <= set(world.target_groups.keys())
        assert all(len(load_balancers_of_group(world, group.arn)) <= 1 for group in world.target_groups)
        assert {target.group for target in world.targets} <= set(world.target_groups.keys())
        assert all(group.target_type is TargetType.IP for group in world.target_groups)


TestLoadBalancers = LoadBalancers.TestCase
TestLoadBalancers.settings = settings(max_examples=25, stateful_step_count=30)
