"""The branches of a discovery service: its members by pool, and how much of the traffic each pool gets.

Promise: weights come to more than 0. Where only some pools offer the name, the traffic is theirs, whatever the
service's weights are: a name that a new revision drops, or adds, is answered by those that know it. Members that no
task of ECS stands for are of every branch that has weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.connect.names import Offer
from moyai.domain.ecs.traffic import WHOLE, Share
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, Pool
from moyai.mesh.service_connect.projections import ConnectService, ConnectTask, connect_tasks


class Branch(NamedTuple):
    """A Destination to be. ``pool`` None: every member; ``offer``: what the pool's newest revision says of the port."""

    destination: str
    weight: int = WHOLE
    pool: Pool | None = None
    offer: Offer | None = None


class Branches(NamedTuple):
    """All of a discovery service's, and the one that test traffic goes to."""

    production: tuple[Branch, ...]
    test: Branch | None = None

    @property
    def main(self) -> Branch:
        """The one with most of the traffic; of two alike, the first."""
        return max(self.production, key=lambda branch: branch.weight)


def branches_of(owner: ConnectService | None, service: DiscoveryService, name: str) -> Branches:
    """The branches of the service that is called ``name`` in the mesh."""
    if owner is None or not owner.shares:
        offer = None if owner is None else _offer(owner, service.arn, None)
        return Branches((Branch(name, offer=offer),))
    offering = [s for s in owner.shares if _offer(owner, service.arn, s.pool) is not None]
    shares = _weighted(offering or owner.shares)
    found = {
        s.pool: Branch(f"{name}@{s.pool}" if s.pool else name, s.weight, s.pool, _offer(owner, service.arn, s.pool))
        for s in shares
    }
    return Branches(tuple(found.values()), None if owner.test is None else found.get(owner.test))


class BranchMember(NamedTuple):
    """An instance, and the task that it is; None for one that Service Connect did not register."""

    instance: DiscoveryInstance
    task: ConnectTask | None = None

    @property
    def offer(self) -> Offer | None:
        """What the task offers there."""
        offered = () if self.task is None else self.task.offers
        return next((offer for offer in offered if offer.discovery_service == self.instance.service), None)


def members_of(world: World, service: DiscoveryService, branch: Branch) -> Iterator[BranchMember]:
    """The branch's instances."""
    tasks = connect_tasks(world)
    for instance in world.discovery_instances.by("service", service.arn):
        task = tasks.get(instance.task)
        if branch.pool is None or (branch.weight > 0 if task is None else task.pool == branch.pool):
            yield BranchMember(instance, task)


def _offer(owner: ConnectService, discovery_service: DiscoveryServiceArn, pool: Pool | None) -> Offer | None:
    """What the newest deployment of the pool, or of all, says of the port."""
    offers = (o for of, offered in owner.offers if pool is None or of == pool for o in offered)
    return next((o for o in offers if o.discovery_service == discovery_service), None)


def _weighted(shares: Iterable[Share]) -> tuple[Share, ...]:
    """These shares; alike when none of them has weight."""
    given = tuple(shares)
    return given if any(s.weight for s in given) else tuple(Share(s.pool, WHOLE) for s in given)
