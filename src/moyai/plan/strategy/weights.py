"""Who gets how much of a service's calls in each stage, and how to get there without losing one.

Promise: weights come to WHOLE at every moment. A pool is known to callers before it gets any, and has lost
all of it, acknowledged, before they forget it.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
"""

from __future__ import annotations

from moyai.domain.ecs.service import Service
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import CanaryConfiguration, LifecycleStage, LinearConfiguration, Strategy
from moyai.domain.ecs.traffic import WHOLE, Share, Traffic
from moyai.kernel.ids import Pool

_TENTHS = 10
_BEFORE_GREEN = frozenset({None, LifecycleStage.RECONCILE_SERVICE, LifecycleStage.PRE_SCALE_UP})
_UNTESTED = frozenset({LifecycleStage.SCALE_UP, LifecycleStage.POST_SCALE_UP})
_STEPPING = frozenset({LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT})
_SHIFTED = frozenset({LifecycleStage.POST_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.BAKE_TIME})


def steps(record: ServiceDeployment) -> tuple[int, ...]:
    """The target's weight after each step."""
    configuration = record.configuration
    if record.alone:
        return (WHOLE,)
    match configuration.strategy:
        case Strategy.LINEAR:
            each = _tenths((configuration.linear_configuration or LinearConfiguration()).step_percent)
            return (*range(each, WHOLE, each), WHOLE)
        case Strategy.CANARY:
            first = _tenths((configuration.canary_configuration or CanaryConfiguration()).canary_percent)
            return (WHOLE,) if first == WHOLE else (first, WHOLE)
        case _:
            return (WHOLE,)


def wanted(record: ServiceDeployment) -> Traffic:
    """The traffic that the deployment's present stage is about."""
    stage, home, target = record.stage, record.home, record.pool
    if record.alone:
        unknown = stage is LifecycleStage.PRE_SCALE_UP and record.configuration.strategy is not Strategy.ROLLING
        return Traffic(() if unknown else (Share(home, WHOLE),))
    if record.status is ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS:
        back = (Share(home, WHOLE),)
        return Traffic(back if stage is LifecycleStage.CLEAN_UP else (*back, Share(target, 0)))
    if stage in _BEFORE_GREEN:
        return Traffic((Share(home, WHOLE),))
    if stage is LifecycleStage.CLEAN_UP:
        return Traffic((Share(target, WHOLE),))
    weight = _weight(record)
    shares = (Share(home, WHOLE - weight), Share(target, weight))
    return Traffic(shares, None if stage in _UNTESTED else target)


def toward(present: Traffic, aim: Traffic) -> Traffic:
    """The next traffic on the way, which may be the aim itself."""
    coming = [s.pool for s in aim.shares if s.pool not in present.pools and present.shares]
    if any(aim.weight(pool) or aim.test == pool for pool in coming):
        return Traffic((*present.shares, *(Share(pool, 0) for pool in coming)), present.test)
    leaving = [s.pool for s in present.shares if s.pool not in aim.pools]
    if any(present.weight(pool) or present.test == pool for pool in leaving):
        return Traffic((*aim.shares, *(Share(pool, 0) for pool in leaving)), aim.test)
    return aim


def same(one: Traffic, other: Traffic) -> bool:
    """Whether both send alike."""
    return (one.shares, one.test) == (other.shares, other.test)


def home_of(service: Service) -> Pool:
    """The pool that a deployment starting now is to take the traffic from: the one that has it all, else the one
    of the newest revision that came to its end.
    """
    shares = service.traffic.shares
    whole = [s.pool for s in shares if s.weight == WHOLE]
    settled = [d.pool for d in service.deployments if d.id == service.settled and d.pool in service.traffic.pools]
    most = sorted(shares, key=lambda s: -s.weight)
    return next(iter((*whole, *settled, *(s.pool for s in most))), Pool(""))


def _weight(record: ServiceDeployment) -> int:
    """The target's weight, in a deployment that has somebody to take it from."""
    if record.stage in _SHIFTED:
        return WHOLE
    if record.stage not in _STEPPING:
        return 0
    done = record.step + (record.stage is LifecycleStage.PRODUCTION_TRAFFIC_SHIFT)
    return steps(record)[done - 1] if done else 0


def _tenths(percent: float) -> int:
    return round(percent * _TENTHS)
