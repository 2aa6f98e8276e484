"""Deployments that shift traffic by listener rules."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.load_balancer import AdvancedConfiguration, ServiceLoadBalancer
from moyai.domain.ecs.service import DeploymentConfiguration, RolloutState
from moyai.domain.ecs.service_deployment import ServiceDeploymentStatus
from moyai.domain.ecs.strategy import CanaryConfiguration, LinearConfiguration, Strategy
from moyai.domain.elb.rule import ForwardAction
from moyai.domain.elb.target_group import Target, TargetHealth, TargetState
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import DeploymentId
from moyai.plan.strategy.start import begin_deployment
from moyai.testing.load_balancers import listener, rule, target_group
from moyai.testing.world import SCOPE, container
from tests.model.harness import Harness

BLUE, GREEN = target_group(SCOPE, "blue"), target_group(SCOPE, "green")
LISTENERS = listener(SCOPE), listener(SCOPE, 8080)
PRODUCTION = rule(LISTENERS[0], BLUE.arn, priority=1)
TEST = rule(LISTENERS[1], GREEN.arn)
ADVANCED = AdvancedConfiguration(GREEN.arn, PRODUCTION.arn, LISTENERS[1].arn)
BLUE_GREEN = DeploymentConfiguration(strategy=Strategy.BLUE_GREEN, bake_time_in_minutes=5)


class BalancedHarness(Harness):
    """The planner with load balancers that check health at once and drain at once."""

    def __init__(self) -> None:
        super().__init__()
        self.book.apply([Put(record) for record in (BLUE, GREEN, *LISTENERS, PRODUCTION, TEST)])
        self.weights: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        """The weights of the groups blue and green in the production and the test rule, each different pair once."""

    def create(self, configuration=BLUE_GREEN, desired=2):
        """A service with both groups."""
        service = self.build.service("web", self.definition(), desired, bounds=configuration)
        record = self.book.world.services[service]
        balancers = (ServiceLoadBalancer(BLUE.arn, "api", 9000, ADVANCED),)
        self.book.apply([Put(replace(record, deployments=(replace(record.primary, load_balancers=balancers),)))])
        return service

    def definition(self, *words):
        return self.build.definition("web", container("api", ("sim", *words) if words else None, port=9000))

    def serve(self, seconds):
        """Let so many seconds pass, in steps of one."""
        for _ in range(seconds):
            self.converge(1)
            for target in tuple(self.book.world.targets):
                done = target.deregistered_at is not None
                health = TargetHealth(TargetState.HEALTHY)
                self.book.apply([Delete(Target, target.key) if done else Put(replace(target, health=health))])
            self._note_weights()

    def groups(self, service):
        """The target groups of the tasks that run."""
        alive = {task.arn for task in self.build.tasks(service)}
        return {target.group for target in self.book.world.targets if target.task in alive}

    def _note_weights(self):
        pair = (self.rule_weights(PRODUCTION.arn), self.rule_weights(TEST.arn))
        if self.weights[-1:] != [pair]:
            self.weights.append(pair)

    def rule_weights(self, arn):
        """The weights of a rule's groups, blue before green."""
        return tuple(share.weight for share in forward_action(self, arn).groups)


def forward_action(harness, arn):
    """The action of a rule that forwards."""
    action = harness.book.world.rules[arn].action
    assert isinstance(action, ForwardAction)
    return action


def deploy(harness, service, *words):
    """Deploy another task definition, and forget the weights before."""
    harness.weights.clear()
    harness.build.deploy(service, harness.definition(*words))


def with_load_balancer(harness, service, balancer, configuration=BLUE_GREEN):
    """Update a service to another load balancer and deployment configuration, as UpdateService does."""
    harness.weights.clear()
    record = harness.book.world.services[service]
    target = replace(record.primary, id=DeploymentId("ecs-svc/99"), load_balancers=(balancer,))
    target = replace(target, rollout_state=RolloutState.IN_PROGRESS, created_at=harness.clock.now())
    record = replace(record, deployment_configuration=configuration)
    after, changes = begin_deployment(harness.book.world, record, target, harness.clock.now(), harness.ids)
    harness.book.apply([Put(after), *changes])


def test_the_first_deployment_gives_all_traffic_to_the_target_group():
    harness = BalancedHarness()
    service = harness.create()
    harness.serve(30)
    assert harness.weights[-1] == ((100, 0), (100, 0))
    assert harness.groups(service) == {BLUE.arn}


def test_a_blue_green_deployment_moves_to_the_alternate_group_and_the_next_one_back():
    harness = BalancedHarness()
    service = harness.create()
    harness.serve(400)
    deploy(harness, service)
    harness.serve(700)
    assert harness.weights == [((100, 0), (100, 0)), ((100, 0), (0, 100)), ((0, 100), (0, 100))]
    assert harness.groups(service) == {GREEN.arn}
    deploy(harness, service)
    harness.serve(700)
    assert harness.weights == [((0, 100), (0, 100)), ((0, 100), (100, 0)), ((100, 0), (100, 0))]
    assert harness.groups(service) == {BLUE.arn}


@pytest.mark.parametrize(
    ("settings", "production"),
    [
        (
            {"strategy": Strategy.LINEAR, "linear_configuration": LinearConfiguration(40.0, 1)},
            [(100, 0), (60, 40), (20, 80), (0, 100)],
        ),
        (
            {"strategy": Strategy.CANARY, "canary_configuration": CanaryConfiguration(0.1, 1)},
            [(100, 0), (999, 1), (0, 100)],
        ),
    ],
)
def test_linear_and_canary_deployments_move_step_by_step(settings, production):
    harness = BalancedHarness()
    service = harness.create(DeploymentConfiguration(**settings))
    harness.serve(100)
    deploy(harness, service)
    harness.serve(400)
    steps = [weights for weights, _ in harness.weights]
    assert [step for place, step in enumerate(steps) if step not in steps[:place]] == production
    assert harness.groups(service) == {GREEN.arn}


def test_a_rollback_gives_all_traffic_back_at_once():
    harness = BalancedHarness()
    service = harness.create()
    harness.serve(400)
    deploy(harness, service)
    harness.serve(60)
    assert harness.weights[-1] == ((0, 100), (0, 100))
    harness.build.roll_back(service)
    harness.serve(60)
    assert harness.weights[-1] == ((100, 0), (100, 0))
    harness.serve(100)
    assert harness.build.deployment(service).status is ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
    assert harness.groups(service) == {BLUE.arn}


def test_weights_that_a_user_changed_stay_until_traffic_shifts():
    harness = BalancedHarness()
    service = harness.create()
    harness.serve(400)
    own = harness.book.world.rules[PRODUCTION.arn]
    shares = tuple(replace(share, weight=50) for share in forward_action(harness, own.arn).groups)
    harness.book.apply([Put(replace(own, action=ForwardAction(shares, stickiness=60)))])
    harness.serve(60)
    assert harness.weights[-1][0] == (50, 50)
    deploy(harness, service)
    harness.serve(60)
    assert harness.weights[-1][0] == (0, 100)
    assert forward_action(harness, PRODUCTION.arn).stickiness == 60


def test_a_deployment_waits_until_the_new_targets_are_healthy():
    harness = BalancedHarness()
    service = harness.create()
    harness.serve(400)
    deploy(harness, service)
    for _ in range(200):
        harness.converge(1)
    assert len(harness.groups(service)) == 2
    assert harness.rule_weights(PRODUCTION.arn) == (100, 0)


def test_a_service_that_becomes_blue_green_starts_in_the_other_group():
    harness = BalancedHarness()
    service = harness.create(DeploymentConfiguration())
    record = harness.book.world.services[service]
    plain = (ServiceLoadBalancer(BLUE.arn, "api", 9000),)
    harness.book.apply([Put(replace(record, deployments=(replace(record.primary, load_balancers=plain),)))])
    harness.serve(60)
    assert harness.groups(service) == {BLUE.arn}
    with_load_balancer(harness, service, ServiceLoadBalancer(BLUE.arn, "api", 9000, ADVANCED))
    harness.serve(500)
    assert harness.weights[-3:] == [((100, 0), (100, 0)), ((100, 0), (0, 100)), ((0, 100), (0, 100))]
    assert harness.groups(service) == {GREEN.arn}


def test_a_move_to_other_groups_leaves_the_traffic_with_the_tasks_that_have_it():
    harness = BalancedHarness()
    service = harness.create()
    harness.serve(400)
    third, fourth = target_group(SCOPE, "third"), target_group(SCOPE, "fourth")
    harness.book.apply([Put(third), Put(fourth)])
    advanced = replace(ADVANCED, alternate_target_group_arn=fourth.arn)
    with_load_balancer(harness, service, ServiceLoadBalancer(third.arn, "api", 9000, advanced))
    occupied = set()
    for _ in range(500):
        harness.serve(1)
        shares = forward_action(harness, PRODUCTION.arn).groups
        occupied.add(tuple(share.group for share in shares if share.weight))
    assert occupied == {(BLUE.arn,), (third.arn,)}
    assert harness.groups(service) == {third.arn}
    assert {share.group for share in forward_action(harness, PRODUCTION.arn).groups} == {third.arn, fourth.arn}


def test_a_group_that_is_gone_is_left_out_of_the_rules():
    harness = BalancedHarness()
    service = harness.create()
    harness.serve(400)
    harness.book.apply([Delete(type(GREEN), GREEN.arn), Put(PRODUCTION), Put(TEST)])
    deploy(harness, service)
    harness.serve(500)
    groups = {share.group for share in forward_action(harness, PRODUCTION.arn).groups}
    assert groups == {BLUE.arn}
