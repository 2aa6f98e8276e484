"""A service with its deployment under way, and everything that the next transition depends on."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.service import Service
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.strategy import LifecycleStage
from moyai.domain.world import Observed, Rerouting, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids
from moyai.plan.rollout import Roll

REROUTE_LIMIT = 60.0
"""Seconds after which a caller's proxy that has not acknowledged where to send is no longer waited for."""


class Case(msgspec.Struct, frozen=True):
    """One service deployment under way. ``rerouting`` None: not looked at."""

    world: World
    roll: Roll
    record: ServiceDeployment
    rerouting: Rerouting | None
    now: Instant
    ids: Ids

    @property
    def service(self) -> Service:
        """The service that it is a deployment of."""
        return self.roll.service

    @property
    def acknowledged(self) -> bool:
        """Every caller sends as the service's traffic says, or has not been heard of for too long."""
        if self.record.alone and self.record.stage is not LifecycleStage.RECONCILE_SERVICE:
            return True
        return have_acknowledged(self.service, self.rerouting, self.now)

    @property
    def healthy(self) -> int:
        """How many healthy tasks the target has."""
        return sum(task.deployment == self.record.target for task in self.roll.healthy)

    def changed(self, **changes: object) -> ServiceDeployment:
        """The record with these members changed, now."""
        return replace(self.record, updated_at=self.now, **changes)


class Step(msgspec.Struct, frozen=True):
    """One transition: the two records as they are to be, and what there is to say."""

    service: Service
    record: ServiceDeployment
    texts: tuple[str, ...] = ()


def have_acknowledged(service: Service, rerouting: Rerouting | None, now: Instant) -> bool:
    """Whether the service's callers send as its traffic says, or the wait for them is over."""
    known = rerouting is not None and rerouting.published and not rerouting.waiting_on
    return known or now >= later(service.traffic.since, REROUTE_LIMIT)


def case_of(world: World, observed: Observed, roll: Roll, now: Instant, ids: Ids) -> Case | None:
    """The service's case; None when no deployment is under way."""
    key = roll.service.current_deployment
    record = None if key is None else world.service_deployments.get(key)
    if record is None or record.finished:
        return None
    return Case(world, roll, record, observed.reroutings.get(roll.service.arn), now, ids)
