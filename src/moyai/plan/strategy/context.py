"""The input of a service deployment's next transition, and its result."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.service import Service
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.strategy import LifecycleStage
from moyai.domain.world import Rerouting, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids

REROUTE_LIMIT = 60.0
"""Seconds after which the deployment no longer waits for a caller's proxy to acknowledge the traffic."""


class DeploymentContext(msgspec.Struct, frozen=True):
    """A service deployment under way, with everything on which its next transition depends."""

    world: World
    service: Service
    record: ServiceDeployment
    healthy: int
    """Healthy tasks of the target revision."""
    minimum_healthy: int
    """The healthy tasks that minimumHealthyPercent requires."""
    rerouting: Rerouting | None
    """How far the callers' proxies have acknowledged the routes; None while nothing has been observed."""
    now: Instant
    ids: Ids

    @property
    def is_acknowledged(self) -> bool:
        """Whether every caller's proxy has acknowledged the service's traffic, or the wait for it is over."""
        if self.record.has_one_pool and self.record.stage is not LifecycleStage.RECONCILE_SERVICE:
            return True
        return have_acknowledged(self.service, self.rerouting, self.now)

    def updated_record(self, **changes: object) -> ServiceDeployment:
        """The record with these members changed, now."""
        return replace(self.record, updated_at=self.now, **changes)


class DeploymentStep(msgspec.Struct, frozen=True):
    """The result of one transition: both records with their changes, and the texts of the service's events."""

    service: Service
    record: ServiceDeployment
    texts: tuple[str, ...] = ()


def have_acknowledged(service: Service, rerouting: Rerouting | None, now: Instant) -> bool:
    """Whether all callers' proxies have acknowledged the service's traffic weights, or the wait for them is over."""
    acknowledged = rerouting is not None and rerouting.published and not rerouting.waiting_on
    return acknowledged or now >= later(service.traffic.since, REROUTE_LIMIT)


def current_deployment(world: World, service: Service) -> ServiceDeployment | None:
    """The service's deployment under way, if there is one."""
    key = service.current_deployment
    record = None if key is None else world.service_deployments.get(key)
    return None if record is None or record.finished else record


def rollback_reason(why: str) -> str:
    """AWS's sentence for a deployment that goes back."""
    return f"Service deployment rolled back because {why}."
