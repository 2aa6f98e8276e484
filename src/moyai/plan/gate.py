"""When a started task may receive traffic.

Promise: HEALTHY, or no health check, at once; UNKNOWN waits for as long as its checks may need to
make up their mind, then is let in; UNHEALTHY is held back; nobody is held longer than eight minutes.
AWS publishes the eight minutes and that the wait is derived from the check, not how; ours is start
period plus all retries.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from moyai.domain.ecs.task_definition import ContainerDefinition
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later
from moyai.plan.sight import Case, checked, has_health_check
from moyai.plan.specs import probe

LONGEST_HOLD = 8 * 60
"""Seconds."""


def opens_at(case: Case) -> Instant:
    """The instant from which the task may be registered, as its health stands; may be in the past."""
    since = case.task.activated_at or case.now
    health = case.task.health_status
    if health is Health.HEALTHY or not has_health_check(case.definition):
        return since
    if health is Health.UNHEALTHY:
        return later(since, LONGEST_HOLD)
    return later(since, min(LONGEST_HOLD, max(_time_to_decide(c) for c in checked(case.definition))))


def _time_to_decide(container: ContainerDefinition) -> float:
    if container.health_check is None:
        return 0
    check = probe(container.health_check)
    return check.start_period + check.retries * (check.interval + check.timeout)
