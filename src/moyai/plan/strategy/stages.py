"""The lifecycle stages of a deployment: their order, how long each lasts, and the traffic that each has.

A deployment that moves traffic goes through these stages. Each waits until callers have acknowledged its traffic and
until its lifecycle hooks have answered, and for what the third column says. LINEAR and CANARY repeat the two stages
PRE_PRODUCTION_TRAFFIC_SHIFT and PRODUCTION_TRAFFIC_SHIFT for each step.

    stage                          traffic of the new pool    waits also for
    -----------------------------  -------------------------  --------------------------------------------------
    RECONCILE_SERVICE              none                       (only where several pools have traffic before)
    PRE_SCALE_UP                   none
    SCALE_UP                       known, with weight 0       desiredCount healthy tasks
    POST_SCALE_UP                  known, with weight 0
    TEST_TRAFFIC_SHIFT             test traffic
    POST_TEST_TRAFFIC_SHIFT        test traffic
    PRE_PRODUCTION_TRAFFIC_SHIFT   weight of the step before  as many healthy tasks as minimumHealthyPercent says
    PRODUCTION_TRAFFIC_SHIFT       weight of this step        the bake time of the step
    POST_PRODUCTION_TRAFFIC_SHIFT  all
    BAKE_TIME                      all                        the bake time, and healthy tasks as above
    CLEAN_UP                       all; callers forget the    the end of the old tasks
                                   old pool

A rolling deployment moves no traffic. It has a stage only where it pauses: PRE_SCALE_UP and POST_SCALE_UP while it
waits for hooks, BAKE_TIME after that. While it replaces tasks, its stage is None.

Weights always add up to WHOLE. A pool is known to callers before it gets any traffic. Before it is removed,
callers have acknowledged that it gets none.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html (lifecycleStage),
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from moyai.domain.ecs.service import DeploymentConfiguration, Service
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import CanaryConfiguration, LifecycleStage, LinearConfiguration, Strategy
from moyai.domain.ecs.traffic import WHOLE, ServiceTraffic, TrafficShare
from moyai.kernel.ids import Pool

STAGE_LIMIT = 24 * 3600.0
"""Seconds that the new tasks may take until they are all healthy; then the deployment is rolled back."""

_ORDER = tuple(LifecycleStage)
_ROLLING_ORDER: Mapping[LifecycleStage | None, LifecycleStage | None] = MappingProxyType(
    {
        LifecycleStage.PRE_SCALE_UP: None,
        None: LifecycleStage.POST_SCALE_UP,
        LifecycleStage.POST_SCALE_UP: LifecycleStage.BAKE_TIME,
        LifecycleStage.BAKE_TIME: LifecycleStage.CLEAN_UP,
    }
)
_WITHOUT_BAKE_TIME = frozenset(
    {LifecycleStage.RECONCILE_SERVICE, LifecycleStage.PRE_SCALE_UP, LifecycleStage.POST_SCALE_UP}
)
"""Stages of a rolling deployment that end as soon as their hooks have answered."""
_BEFORE_NEW_POOL = frozenset({None, LifecycleStage.RECONCILE_SERVICE, LifecycleStage.PRE_SCALE_UP})
_BEFORE_TEST_TRAFFIC = frozenset({LifecycleStage.SCALE_UP, LifecycleStage.POST_SCALE_UP})
_STEPS_OF_TRAFFIC = frozenset({LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT})
_AFTER_SHIFT = frozenset({LifecycleStage.POST_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.BAKE_TIME})
_SECONDS = 60.0
_TENTHS = 10


class StagePosition(NamedTuple):
    """A stage, and the step of the production traffic that it belongs to."""

    stage: LifecycleStage | None
    step: int = 0


def first_stage(configuration: DeploymentConfiguration, *, reconcile: bool) -> StagePosition:
    """The position at which a deployment begins. ``reconcile``: the traffic has to be moved into one pool first."""
    if reconcile:
        return StagePosition(LifecycleStage.RECONCILE_SERVICE)
    rolls = configuration.strategy is Strategy.ROLLING and not has_hook(configuration, LifecycleStage.PRE_SCALE_UP)
    return StagePosition(None if rolls else LifecycleStage.PRE_SCALE_UP)


def has_hook(configuration: DeploymentConfiguration, stage: LifecycleStage) -> bool:
    """Whether a lifecycle hook runs in the stage."""
    return any(stage in hook.lifecycle_stages for hook in configuration.lifecycle_hooks)


def next_stage(record: ServiceDeployment) -> StagePosition:
    """The position after the record's stage."""
    stage = record.stage
    if record.status is ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS:
        return StagePosition(LifecycleStage.CLEAN_UP)
    if stage is LifecycleStage.RECONCILE_SERVICE:
        return first_stage(record.configuration, reconcile=False)
    if record.configuration.strategy is Strategy.ROLLING:
        return StagePosition(_ROLLING_ORDER.get(stage))
    if stage is LifecycleStage.PRODUCTION_TRAFFIC_SHIFT and not _is_last_step(record):
        return StagePosition(LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, record.step + 1)
    return StagePosition(None if stage is None else _ORDER[_ORDER.index(stage) + 1], record.step)


def bake_time(record: ServiceDeployment) -> float:
    """Seconds that the record's stage lasts once callers have acknowledged its traffic."""
    configuration = record.configuration
    if record.status is ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS:
        return 0
    if configuration.strategy is Strategy.ROLLING:
        longest = max(configuration.bake_time_in_minutes * _SECONDS, record.alarm_bake)
        return 0 if record.stage in _WITHOUT_BAKE_TIME else longest
    if record.stage is LifecycleStage.BAKE_TIME:
        return configuration.bake_time_in_minutes * _SECONDS
    if record.stage is not LifecycleStage.PRODUCTION_TRAFFIC_SHIFT or _is_last_step(record):
        return 0
    if configuration.strategy is Strategy.LINEAR:
        return (configuration.linear_configuration or LinearConfiguration()).step_bake_time_in_minutes * _SECONDS
    return (configuration.canary_configuration or CanaryConfiguration()).canary_bake_time_in_minutes * _SECONDS


def weight_steps(record: ServiceDeployment) -> tuple[int, ...]:
    """The weight of the new pool after each step of the production traffic."""
    configuration = record.configuration
    if record.has_one_pool:
        return (WHOLE,)
    match configuration.strategy:
        case Strategy.LINEAR:
            step = _tenths((configuration.linear_configuration or LinearConfiguration()).step_percent)
            return (*range(step, WHOLE, step), WHOLE)
        case Strategy.CANARY:
            canary = _tenths((configuration.canary_configuration or CanaryConfiguration()).canary_percent)
            return (WHOLE,) if canary == WHOLE else (canary, WHOLE)
        case _:
            return (WHOLE,)


def stage_traffic(record: ServiceDeployment) -> ServiceTraffic:
    """The traffic that the record's stage is to reach."""
    stage, source, target = record.stage, record.source_pool, record.pool
    if record.has_one_pool:
        unknown = stage is LifecycleStage.PRE_SCALE_UP and record.configuration.strategy is not Strategy.ROLLING
        return ServiceTraffic(() if unknown else (TrafficShare(source, WHOLE),))
    if record.status is ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS:
        back = (TrafficShare(source, WHOLE),)
        return ServiceTraffic(back if stage is LifecycleStage.CLEAN_UP else (*back, TrafficShare(target, 0)))
    if stage in _BEFORE_NEW_POOL:
        return ServiceTraffic((TrafficShare(source, WHOLE),))
    if stage is LifecycleStage.CLEAN_UP:
        return ServiceTraffic((TrafficShare(target, WHOLE),))
    weight = _target_weight(record)
    shares = (TrafficShare(source, WHOLE - weight), TrafficShare(target, weight))
    return ServiceTraffic(shares, None if stage in _BEFORE_TEST_TRAFFIC else target)


def next_traffic(present: ServiceTraffic, aim: ServiceTraffic) -> ServiceTraffic:
    """The next traffic on the way from ``present`` to ``aim``, which may be ``aim`` itself.

    A new pool is first added with weight 0, and a pool that goes is first reduced to weight 0.
    """
    coming = [s.pool for s in aim.shares if s.pool not in present.pools and present.shares]
    if any(aim.weight(pool) or aim.test == pool for pool in coming):
        return ServiceTraffic((*present.shares, *(TrafficShare(pool, 0) for pool in coming)), present.test)
    leaving = [s.pool for s in present.shares if s.pool not in aim.pools]
    if any(present.weight(pool) or present.test == pool for pool in leaving):
        return ServiceTraffic((*aim.shares, *(TrafficShare(pool, 0) for pool in leaving)), aim.test)
    return aim


def is_same_traffic(first: ServiceTraffic, second: ServiceTraffic) -> bool:
    """Whether both have the same weights and test traffic; the time at which they were set does not matter."""
    return (first.shares, first.test) == (second.shares, second.test)


def source_pool(service: Service) -> Pool:
    """The pool from which a deployment that starts now takes the traffic: the one that has all of it, else the one
    of the newest revision whose deployment completed.
    """
    shares = service.traffic.shares
    whole = [s.pool for s in shares if s.weight == WHOLE]
    last = [d.pool for d in service.deployments if d.id == service.last_completed and d.pool in service.traffic.pools]
    heaviest_first = sorted(shares, key=lambda s: -s.weight)
    return next(iter((*whole, *last, *(s.pool for s in heaviest_first))), Pool(""))


def _is_last_step(record: ServiceDeployment) -> bool:
    return record.step + 1 >= len(weight_steps(record))


def _target_weight(record: ServiceDeployment) -> int:
    """The new pool's weight in a deployment that takes the traffic from another pool."""
    if record.stage in _AFTER_SHIFT:
        return WHOLE
    if record.stage not in _STEPS_OF_TRAFFIC:
        return 0
    steps_done = record.step + (record.stage is LifecycleStage.PRODUCTION_TRAFFIC_SHIFT)
    return weight_steps(record)[steps_done - 1] if steps_done else 0


def _tenths(percent: float) -> int:
    return round(percent * _TENTHS)
