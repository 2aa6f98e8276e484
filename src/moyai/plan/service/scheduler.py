"""The service scheduler: the next step of one service.

Promise: a service keeps its desiredCount, replaces tasks that end, and keeps a rolling deployment within its bounds;
when nothing has to change, the plan is empty. All that the scheduler knows of a task is in the task's record.

It combines the parts of this package and of ``strategy``: ``rollout_counts`` sorts the tasks, ``strategy`` says in
which stage a deployment is and what it waits for, ``pool_decision`` decides for each pool which tasks start and stop,
``progress`` says how far the deployments are.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import RolloutState, Service, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.task import StopCode, Task
from moyai.domain.world import Change, Observed, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan import events
from moyai.plan.action import Plan, earliest, plan
from moyai.plan.elb.task_targets import target_failure
from moyai.plan.elb.traffic_rules import shift_rules
from moyai.plan.ingress.connector_checks import write_connector
from moyai.plan.ingress.express import delete_express
from moyai.plan.ingress.paths import close_unused_paths
from moyai.plan.service.daemons import with_daemon_count
from moyai.plan.service.decision_events import decision_texts, stop_texts
from moyai.plan.service.pool_decision import PoolDecision, decide_pools, has_one_pool, split_by_pool
from moyai.plan.service.progress import apply_progress, measure_progress, steady_state_due_at
from moyai.plan.service.replicas import PlanningContext
from moyai.plan.service.rollout_counts import RolloutCounts, count_tasks, task_bounds
from moyai.plan.service.task_sets import advance_task_sets, split_by_task_set
from moyai.plan.service.zone_rebalancing import advance_rebalancing, rebalancing_wake_at, stops_for_balance
from moyai.plan.service_connect.garbage_collection import collect_unused_services
from moyai.plan.service_connect.unreachable_names import announce_unreachable_names
from moyai.plan.strategy import transition
from moyai.plan.strategy.context import DeploymentContext, current_deployment, have_acknowledged
from moyai.plan.strategy.monitors import add_failures
from moyai.plan.strategy.start import stop_current_deployment
from moyai.plan.strategy.termination import complete
from moyai.plan.task.stop import (
    FAILED_HEALTH_CHECKS,
    failed_target_health_checks,
    scaling_activity,
    stop_task,
    zones_rebalanced,
)

PLACEMENT_RETRY = 10.0
"""Seconds until placement is tried again where no subnet had an address."""

DELETED = "Service deployment stopped because the service was deleted."


class _Progress(NamedTuple):
    """A service after the decisions about its pools, and the texts of its events. ``record``: its deployment under way,
    if any.
    """

    service: Service
    texts: Sequence[str]
    record: ServiceDeployment | None = None
    wake_at: Instant | None = None


def plan_service(world: World, observed: Observed, service_arn: ServiceArn, now: Instant, ids: Ids) -> Plan:
    """The next step of one service. Of ``observed``, only the service's rerouting is used."""
    service = world.services.get(service_arn)
    if service is None or service.status is ServiceStatus.INACTIVE:
        return Plan()
    planning = PlanningContext(world, now, ids)
    counts = count_tasks(world, with_daemon_count(world, service), now)
    if service.status is ServiceStatus.DRAINING:
        return _plan_deletion(planning, counts)
    if service.is_external:
        return _plan_task_sets(planning, counts)
    record = current_deployment(world, service)
    if record is not None:
        return _plan_deployment(planning, counts, _deployment_context(planning, observed, counts, record))
    is_acked = has_one_pool(service) or have_acknowledged(service, observed.reroutings.get(service_arn), now)
    return _plan_tasks(planning, counts, None, is_acked=is_acked)


def _plan_deployment(planning: PlanningContext, counts: RolloutCounts, context: DeploymentContext) -> Plan:
    """The next transition of the deployment under way, and the tasks that start and stop in its stage."""
    world, now, ids, _ = planning
    step = transition.next_transition(context)
    if step is None:
        return _plan_tasks(planning, counts, context, is_acked=context.is_acknowledged)
    if step.record.stage is None and not step.record.finished:
        counts = replace(counts, service=step.service)
        context = replace(context, service=step.service, record=step.record)
        return _plan_tasks(planning, counts, context, step.texts, is_acked=context.is_acknowledged)
    event_changes = events.announce(world, step.service.arn, step.texts, now, ids)
    before = world.services[step.service.arn]
    return plan((*_changed_records(world, before, step.service, step.record), *event_changes))


def _deployment_context(
    planning: PlanningContext, observed: Observed, counts: RolloutCounts, record: ServiceDeployment
) -> DeploymentContext:
    return DeploymentContext(
        world=planning.world,
        service=counts.service,
        record=record,
        healthy=sum(task.deployment == record.target for task in counts.healthy),
        minimum_healthy=task_bounds(counts.service).minimum_healthy,
        rerouting=observed.reroutings.get(counts.service.arn),
        now=planning.now,
        ids=planning.ids,
    )


def _plan_tasks(
    planning: PlanningContext,
    counts: RolloutCounts,
    context: DeploymentContext | None,
    texts: Sequence[str] = (),
    *,
    is_acked: bool,
) -> Plan:
    """Which tasks start and stop, in the deployment's stage if one is under way. ``texts``: events so far.

    ``is_acked``: all callers' proxies have acknowledged the service's traffic weights.
    """
    world, now, ids, _ = planning
    before = world.services[counts.service.arn]
    service_now, rebalancing_texts = advance_rebalancing(world, counts, now)
    counts = replace(counts, service=service_now)
    held_deployment = None if context is None else transition.held_deployment(context)
    decisions = decide_pools(planning, split_by_pool(counts, is_acked=is_acked, held_deployment=held_deployment))
    if context is None:
        progress = _progress_at_rest(counts, decisions, now)
    else:
        progress = _progress_of_deployment(counts, decisions, context)
    service, unreachable = announce_unreachable_names(world, progress.service)
    decision_events = (text for decision in decisions for text in decision_texts(world, decision, now))
    all_texts = (*texts, *rebalancing_texts, *decision_events, *unreachable, *progress.texts)
    return plan(
        (
            *_changed_records(world, before, service, progress.record),
            *_task_changes(world, counts, decisions, now),
            *collect_unused_services(world, before, service),
            *events.announce(world, service.arn, all_texts, now, ids),
        ),
        wake_at=earliest(
            _decisions_wake_at(decisions, before, now),
            steady_state_due_at(service),
            rebalancing_wake_at(service),
            progress.wake_at,
            None if is_acked else later(now, transition.REROUTE_POLL),
        ),
    )


def _progress_at_rest(counts: RolloutCounts, decisions: Sequence[PoolDecision], now: Instant) -> _Progress:
    """The progress of a service without a deployment under way."""
    progress = measure_progress(counts, decisions, None)
    service, texts = apply_progress(progress, now, may_complete=True)
    if service.last_completed != service.primary.id and service.primary.rollout_state is RolloutState.COMPLETED:
        service = _settle(service)
    return _Progress(service, texts)


def _progress_of_deployment(
    counts: RolloutCounts, decisions: Sequence[PoolDecision], context: DeploymentContext
) -> _Progress:
    """The progress of the deployment under way, which completes when its tasks have arrived and it waits for nothing
    else.
    """
    progress = measure_progress(counts, decisions, transition.early_success_criteria(context))
    context = transition.with_tasks_arrived(context, all_arrived=progress.tasks_arrived)
    service, texts = apply_progress(progress, context.now, may_complete=transition.may_complete(context))
    record = context.record
    if service.primary.rollout_state is RolloutState.COMPLETED:
        service, record = _settle(service), complete(record, context.now)
    before = context.world.services[service.arn]
    return _Progress(service, texts, _with_failures(record, before, decisions), transition.wake_at(context))


def _settle(service: Service) -> Service:
    """The service whose newest deployment has completed."""
    return replace(service, last_completed=service.primary.id, current_deployment=None)


def _with_failures(record: ServiceDeployment, service: Service, decisions: Sequence[PoolDecision]) -> ServiceDeployment:
    """The record, in which tasks that stop because their health check fails are counted as failures."""
    failed = [
        task
        for decision in decisions
        for task in decision.stops
        if task in decision.counts.unhealthy and task.deployment == record.target
    ]
    return add_failures(record, service, len(failed))


def _changed_records(
    world: World, before: Service, service: Service, record: ServiceDeployment | None
) -> Iterator[Change]:
    if service != before:
        yield Put(service)
        yield from shift_rules(world, before, service)
    if service.deployments and service.primary.id != before.primary.id:
        yield from write_connector(world, service.primary)
    yield from close_unused_paths(world, service)
    if record is not None and record != world.service_deployments.get(record.arn):
        yield Put(record)


def _task_changes(
    world: World, counts: RolloutCounts, decisions: Sequence[PoolDecision], now: Instant
) -> Iterator[Put]:
    yield from (Put(task) for decision in decisions for task in decision.launches.tasks)
    yield from (Put(_stop(world, counts, task, now)) for decision in decisions for task in decision.stops)


def _plan_task_sets(planning: PlanningContext, counts: RolloutCounts) -> Plan:
    """Which tasks of each task set start and stop; moyai itself does no deployment of such a service."""
    world, now, ids, _ = planning
    before = counts.service
    decisions = decide_pools(planning, split_by_task_set(counts))
    service, steady = advance_task_sets(world, before, decisions, now)
    texts = [
        events.TaskSetEvent(decision.counts.service.primary.id, text)
        for decision in decisions
        for text in decision_texts(world, decision, now)
    ]
    return plan(
        (
            *_changed_records(world, before, service, None),
            *_task_changes(world, counts, decisions, now),
            *collect_unused_services(world, before, service),
            *events.announce(world, before.arn, [*texts, *steady], now, ids),
        ),
        wake_at=_decisions_wake_at(decisions, before, now),
    )


def _plan_deletion(planning: PlanningContext, counts: RolloutCounts) -> Plan:
    """A deleted service: all its tasks stop, then it is INACTIVE."""
    world, now, ids, _ = planning
    before = counts.service
    changes: list[Change] = [*stop_current_deployment(world, before, DELETED, now)]
    changes += [Put(_stop(world, counts, task, now)) for task in counts.alive]
    service = replace(before, current_deployment=None)
    if all(task.stopped for task in world.tasks.by("service", before.arn)):
        last = () if before.is_external else (replace(before.primary, desired_count=0),)
        inactive = replace(service, status=ServiceStatus.INACTIVE, inactive_at=now)
        service = replace(inactive, deployments=last, steady_at=None)
    changes += [] if service == before else [Put(service)]
    changes += [*delete_express(world, service, now, ids), *close_unused_paths(world, service)]
    changes += collect_unused_services(world, before, service)
    changes += events.announce(world, before.arn, stop_texts(counts.alive), now, ids)
    return plan(changes)


def _stop(world: World, counts: RolloutCounts, task: Task, now: Instant) -> Task:
    deployment = task.deployment or counts.service.primary.id
    if task in counts.unhealthy:
        failure = target_failure(world, task)
        reason = FAILED_HEALTH_CHECKS if failure is None else failed_target_health_checks(failure.group)
    elif stops_for_balance(counts.service):
        reason = zones_rebalanced(deployment)
    else:
        reason = scaling_activity(deployment)
    return stop_task(task, StopCode.SERVICE_SCHEDULER_INITIATED, reason, now)


def _decisions_wake_at(decisions: Sequence[PoolDecision], service: Service, now: Instant) -> Instant | None:
    """When to decide again: at the end of a back-off, a grace period or a protection, or when placement may succeed."""
    incomplete = any(decision.launches.missing > len(decision.launches.tasks) for decision in decisions)
    retries = [d.retry_at for d in service.deployments if incomplete and d.retry_at > now]
    starting = [task for decision in decisions for task in decision.counts.starting]
    grace_ends = [later(task.started_at or now, service.health_check_grace_period_seconds) for task in starting]
    has_unplaced_tasks = any(decision.launches.placement_event is not None for decision in decisions)
    protected = [t for decision in decisions for t in decision.counts.alive if t.arn in decision.counts.protected]
    return earliest(
        *(task.protected_until for task in protected),
        *retries,
        *(end for end in grace_ends if end > now),
        later(now, PLACEMENT_RETRY) if has_unplaced_tasks else None,
    )
