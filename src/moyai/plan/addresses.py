"""Which address a new task gets.

Promise: never one that a task which is not STOPPED still has, in the world or in the same batch. An
address whose last owner is still on record (stopped within the hour) is given again only when the
subnet has no other, so that a client that kept a connection or a cached name doesn't reach a stranger.
AWS keeps the first four addresses of a subnet and the last one for itself; so do we.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network

from moyai.domain.ecs.task import Task
from moyai.domain.vpc.default import Subnet
from moyai.domain.world import World

PUBLIC_CIDR = IPv4Network("127.83.0.0/16")
"""Where ``assignPublicIp`` finds its addresses: on the host's loopback, away from what others use."""

_RESERVED_AT_START = 4


def private_address(world: World, subnet: Subnet, batch: Iterable[Task]) -> str | None:
    """A free address of the subnet, or None when it is full."""
    known = world.tasks.by("subnet", subnet.id)
    taken = {t.interface.address for t in (*known, *batch) if not t.stopped}
    resting = {t.interface.address for t in known}
    network = IPv4Network(subnet.cidr)
    return _first_free(network, _RESERVED_AT_START, taken | resting) or _first_free(network, _RESERVED_AT_START, taken)


def public_address(world: World, batch: Iterable[Task]) -> str | None:
    """A free public address, or None when there is none left."""
    taken = {t.interface.public_address or "" for t in (*world.tasks.by("public", "yes"), *batch)}
    return _first_free(PUBLIC_CIDR, 1, taken)


def _first_free(network: IPv4Network, reserved: int, taken: Collection[str]) -> str | None:
    first = int(network.network_address) + reserved
    candidates = (str(IPv4Address(n)) for n in range(first, int(network.broadcast_address)))
    return next((a for a in candidates if a not in taken), None)
