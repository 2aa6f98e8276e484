"""A called service and how its traffic is split among its pools of tasks.

Promise: the weights of a split add up to more than 0. If only some pools offer the name, they have all of the traffic,
whatever the service's weights are: a name that a new revision drops or adds is served by the pools that offer it.
Instances that do not belong to an ECS task are members of every pool that has weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.connect.names import Offer
from moyai.domain.connect.tuning import Tuning
from moyai.domain.ecs.traffic import WHOLE, TrafficShare
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn, Pool
from moyai.mesh.service_connect.projections import ConnectService, ConnectTask, connect_services, connect_tasks

_NO_TUNING = Tuning()


class CalledService(NamedTuple):
    """A discovery service as callers in its namespace see it. ``name``: its name in the mesh; ``owner``: the ECS
    service that offers it, if one does; ``tuning``: what the owner's tags set.
    """

    service: DiscoveryService
    name: str
    owner: ConnectService | None
    tuning: Tuning


def called_service(world: World, namespace: Namespace, service: DiscoveryService) -> CalledService:
    """The discovery service, as tasks in the namespace call it."""
    owner = connect_services(world).get(service.owner)
    return CalledService(service, mesh_name(namespace, service), owner, tuning_in(namespace.arn, owner))


def tuning_in(namespace: NamespaceArn, owner: ConnectService | None) -> Tuning:
    """The settings of the service's tags, which apply in the namespace that its newest deployment is in."""
    return _NO_TUNING if owner is None or owner.namespace != namespace else owner.tuning


def mesh_name(namespace: Namespace, service: DiscoveryService) -> str:
    """A readable name, which is unique across accounts and regions because the service's id is."""
    return f"{service.name}.{namespace.name}/{service.id}"


class PoolTarget(NamedTuple):
    """A pool of tasks as a destination. ``pool`` None: every member; ``offer``: that of the pool's newest revision."""

    destination: str
    weight: int = WHOLE
    pool: Pool | None = None
    offer: Offer | None = None


class TrafficSplit(NamedTuple):
    """The targets of a discovery service's production traffic, and that of its test traffic."""

    production: tuple[PoolTarget, ...]
    test: PoolTarget | None = None

    @property
    def main(self) -> PoolTarget:
        """The target with most of the traffic; the first of several."""
        return max(self.production, key=lambda target: target.weight)


def traffic_split(owner: ConnectService | None, service: DiscoveryService, name: str) -> TrafficSplit:
    """The traffic split of the service whose name in the mesh is ``name``."""
    if owner is None or not owner.shares:
        offer = None if owner is None else _offer(owner, service.arn, None)
        return TrafficSplit((PoolTarget(name, offer=offer),))
    offering = [s for s in owner.shares if _offer(owner, service.arn, s.pool) is not None]
    targets = {
        s.pool: PoolTarget(f"{name}@{s.pool}" if s.pool else name, s.weight, s.pool, _offer(owner, service.arn, s.pool))
        for s in _with_weight(offering or owner.shares)
    }
    return TrafficSplit(tuple(targets.values()), None if owner.test is None else targets.get(owner.test))


class PoolMember(NamedTuple):
    """An instance, and its task; None if Service Connect did not register it."""

    instance: DiscoveryInstance
    task: ConnectTask | None = None

    @property
    def offer(self) -> Offer | None:
        """The task's offer for the instance's service."""
        offers = () if self.task is None else self.task.offers
        return next((offer for offer in offers if offer.discovery_service == self.instance.service), None)


def members_of(world: World, service: DiscoveryService, target: PoolTarget) -> Iterator[PoolMember]:
    """The instances of a target."""
    tasks = connect_tasks(world)
    for instance in world.discovery_instances.by("service", service.arn):
        task = tasks.get(instance.task)
        if target.pool is None or (target.weight > 0 if task is None else task.pool == target.pool):
            yield PoolMember(instance, task)


def _offer(owner: ConnectService, discovery_service: DiscoveryServiceArn, pool: Pool | None) -> Offer | None:
    """The offer of the newest deployment of a pool; of the newest deployment of all if the pool is None."""
    offers = (offer for offering_pool, offers in owner.offers if pool in {None, offering_pool} for offer in offers)
    return next((o for o in offers if o.discovery_service == discovery_service), None)


def _with_weight(shares: Iterable[TrafficShare]) -> tuple[TrafficShare, ...]:
    """These shares; equal ones if none of them has weight."""
    every = tuple(shares)
    return every if any(s.weight for s in every) else tuple(TrafficShare(s.pool, WHOLE) for s in every)
