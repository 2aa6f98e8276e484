"""Which address a new task gets.

Promise: never one that a task which is not STOPPED still has, in the world or in the same batch. An
address whose last owner is still on record (stopped within the hour) is given again only when the
subnet has no other, so that a client that kept a connection or a cached name doesn't reach a stranger.
AWS keeps the first four addresses of a subnet and the last one for itself; so do we.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from itertools import chain

from moyai.domain.ecs.task import Task
from moyai.domain.vpc.default import Subnet
from moyai.domain.world import World

PUBLIC_CIDR = IPv4Network("127.83.0.0/16")
"""Where ``assignPublicIp`` finds its addresses: on the host's loopback, away from what others use."""

_RESERVED_AT_START = 4


def private_address(world: World, subnet: Subnet, batch: Iterable[Task]) -> str | None:
    """A free address of the subnet, or None when it is full."""
    given = {t.interface.address for t in batch if t.interface.subnet == subnet.id}
    used = world.tasks.count("subnet", subnet.id) + len(given)

    def owners(address: str) -> tuple[Task, ...]:
        return world.tasks.by("address", f"{subnet.id}/{address}")

    candidates = partial(_from, IPv4Network(subnet.cidr), _RESERVED_AT_START, used)
    fresh = (a for a in candidates() if a not in given and not owners(a))
    rested = (a for a in candidates() if a not in given and all(t.stopped for t in owners(a)))
    return next(chain(fresh, rested), None)


def public_address(world: World, batch: Iterable[Task]) -> str | None:
    """A free public address, or None when there is none left."""
    given = {t.interface.public_address for t in batch}
    used = world.tasks.count("public", "yes") + len(given)
    candidates = _from(PUBLIC_CIDR, 1, used)
    return next((a for a in candidates if a not in given and not world.tasks.by("public_address", a)), None)


def _from(network: IPv4Network, reserved: int, used: int) -> Iterator[str]:
    """All addresses, those first that follow the ``used`` lowest ones: where most likely none is taken."""
    first = int(network.network_address) + reserved
    size = int(network.broadcast_address) - first
    return (str(IPv4Address(first + (used + n) % size)) for n in range(size))
