"""The circuit breaker's arithmetic, and what no story tells of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.service import DeploymentConfiguration, RolloutState
from moyai.domain.ecs.service_deployment import Monitor, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import CircuitBreaker, Strategy, ThresholdConfiguration, ThresholdType
from moyai.domain.ecs.task import DesiredStatus
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.plan.strategy.monitors import failure_threshold
from moyai.ports.runtime import CannotPull
from moyai.testing.world import CHECK, container
from tests.model.harness import Harness

_T = ThresholdType


def configuration(kind=_T.COUNT, value=2, *, rollback=True, reset=None, **more):
    breaker = CircuitBreaker(
        enable=True,
        rollback=rollback,
        reset_on_healthy_task=reset,
        threshold_configuration=ThresholdConfiguration(kind, value),
    )
    return DeploymentConfiguration(deployment_circuit_breaker=breaker, **more)


def definition(harness, *words, checked=False):
    made = container("api", ("sim", *words) if words else None, port=9000)
    return harness.build.definition("back", replace(made, health_check=CHECK if checked else None))


def service(harness, desired=1, *, checked=False, **more):
    arn = harness.build.service(
        "back", definition(harness, checked=checked), desired, offers=["api"], bounds=more.pop("how")
    )
    harness.converge(60)
    return arn


@pytest.mark.parametrize(
    ("desired", "kind", "value", "failures"),
    [
        (0, _T.BOUNDED_PERCENT, 50, 3),
        (1, _T.BOUNDED_PERCENT, 50, 3),
        (25, _T.BOUNDED_PERCENT, 50, 13),
        (400, _T.BOUNDED_PERCENT, 50, 200),
        (401, _T.BOUNDED_PERCENT, 50, 200),
        (0, _T.UNBOUNDED_PERCENT, 50, 1),
        (1, _T.UNBOUNDED_PERCENT, 50, 1),
        (1000, _T.UNBOUNDED_PERCENT, 50, 500),
        (3, _T.UNBOUNDED_PERCENT, 200, 6),
        (400, _T.COUNT, 7, 7),
    ],
)
def test_the_failure_threshold_of_each_configuration(desired, kind, value, failures):
    assert failure_threshold(configuration(kind, value), desired) == failures


def test_the_default_threshold_is_half_of_the_tasks_within_bounds():
    asked = DeploymentConfiguration(deployment_circuit_breaker=CircuitBreaker(enable=True, rollback=False))
    assert [failure_threshold(asked, n) for n in (1, 25, 400)] == [3, 13, 200]


@pytest.mark.parametrize(("reset", "counted"), [(None, 0), (True, 0), (False, 1)])
def test_a_healthy_task_resets_the_failure_count(reset, counted):
    harness = Harness()
    harness.runtime.fail_next("pull", CannotPull("no"))
    arn = harness.build.service("back", definition(harness), bounds=configuration(reset=reset, value=9))
    harness.rest()
    assert harness.build.deployment(arn).failures == 1
    harness.pass_time(5)
    harness.rest()
    assert harness.build.deployment(arn).failures == counted


def test_a_task_that_ran_and_ended_is_not_a_failure():
    harness = Harness()
    how = configuration(value=1)
    arn = service(harness, how=how)
    harness.build.deploy(arn, definition(harness, "after=10", "exit=1"))
    harness.converge(120)
    record = harness.build.deployment(arn)
    assert (record.failures, record.failed_by) == (0, None)


def test_a_revision_that_exits_at_once_replaces_no_task_and_fails():
    harness = Harness()
    arn = service(harness, 2, how=configuration(value=2))
    before = {t.arn for t in harness.build.tasks(arn)}
    harness.build.deploy(arn, definition(harness, "after=1", "exit=1"))
    harness.converge(120)
    record = harness.build.deployment(arn)
    assert (record.status, record.failed_by) == (ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL, Monitor.CIRCUIT_BREAKER)
    assert {t.arn for t in harness.build.tasks(arn) if t.desired_status is DesiredStatus.RUNNING} == before


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY, Strategy.LINEAR])
def test_every_strategy_rolls_back(strategy):
    harness = Harness()
    arn = service(harness, 2, how=configuration(strategy=strategy))
    before = {t.arn for t in harness.build.tasks(arn)}
    old = harness.book.world.services[arn].primary.id
    harness.build.deploy(arn, definition(harness, "cannot_start"))
    harness.converge(60)
    record = harness.build.deployment(arn)
    assert (record.status, record.failed_by) == (ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL, Monitor.CIRCUIT_BREAKER)
    assert record.status_reason == (
        "Service deployment rolled back because the circuit breaker threshold was exceeded."
    )
    assert {t.arn for t in harness.build.tasks(arn)} == before
    (primary,) = harness.book.world.services[arn].deployments
    assert (primary.id, primary.rollout_state, primary.halted) == (old, RolloutState.COMPLETED, False)


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.BLUE_GREEN])
def test_without_rollback_a_failed_deployment_starts_no_more_tasks(strategy):
    harness = Harness()
    arn = service(harness, 2, how=configuration(strategy=strategy, rollback=False))
    before = {t.arn for t in harness.build.tasks(arn)}
    harness.build.deploy(arn, definition(harness, "cannot_start"))
    harness.converge(60)
    assert harness.build.deployment(arn).status is ServiceDeploymentStatus.STOPPED
    primary = harness.book.world.services[arn].primary
    assert primary.rollout_state is RolloutState.FAILED
    assert primary.rollout_state_reason == "ECS deployment circuit breaker: tasks failed to start."
    assert {t.arn for t in harness.build.tasks(arn)} == before
    made_so_far = harness.build.messages(arn)
    harness.converge(7200)
    assert harness.build.messages(arn) == made_so_far
    harness.build.deploy(arn, definition(harness))
    for _ in range(30):
        harness.converge(1)
    assert harness.build.deployment(arn).status is ServiceDeploymentStatus.SUCCESSFUL
    assert before.isdisjoint(t.arn for t in harness.build.tasks(arn))


def test_a_rollback_keeps_the_old_deployments_id_and_time():
    harness = Harness()
    arn = service(harness, how=configuration())
    old = harness.book.world.services[arn].primary
    harness.build.deploy(arn, definition(harness, "cannot_start"))
    seen = set()
    for _ in range(40):
        harness.step(arn)
        for task in harness.build.tasks(arn):
            harness.step(task.arn)
        harness.pass_time(1)
        primary = harness.book.world.services[arn].primary
        if primary.id == old.id:
            seen.add((primary.created_at, primary.rollout_state_reason))
    assert seen <= {
        (old.created_at, f"ECS deployment circuit breaker: rolling back to deploymentId {old.id}."),
        (old.created_at, f"ECS deployment {old.id} completed."),
    }
    assert seen


def test_unhealthy_tasks_count_after_the_grace_period():
    harness = Harness()
    arn = service(harness, 2, checked=True, how=configuration(value=1))
    record = harness.book.world.services[arn]
    harness.book.apply([Put(replace(record, health_check_grace_period_seconds=60))])
    harness.build.deploy(arn, definition(harness, checked=True))
    harness.rest()
    harness.pass_time(1)
    harness.rest()
    for task in harness.build.tasks(arn):
        if task.deployment != record.primary.id:
            harness.runtime.set_health(task.id, "api", Health.UNHEALTHY)
    harness.pass_time(59)
    harness.rest()
    assert harness.build.deployment(arn).failures == 0
    harness.pass_time(1)
    harness.rest()
    assert harness.build.deployment(arn).failed_by is Monitor.CIRCUIT_BREAKER


def test_the_threshold_follows_the_desired_count():
    harness = Harness()
    arn = service(harness, 2, how=configuration(_T.UNBOUNDED_PERCENT, 100))
    harness.build.scale(arn, 20)
    harness.build.deploy(arn, definition(harness, "cannot_start"))
    harness.converge(3)
    assert harness.build.deployment(arn).failures
    harness.build.scale(arn, 1)
    harness.rest()
    assert harness.build.deployment(arn).failed_by is Monitor.CIRCUIT_BREAKER
