"""Which address a new task gets.

Promise: never one that a task which is not STOPPED still has, in the world or in the same batch. An
address whose last owner is still on record (stopped within the hour) is given again only when the
subnet has no other, so that a client that kept a connection or a cached name doesn't reach a stranger.
AWS keeps the first four addresses of a subnet and the last one for itself; so do we. NAT gateways and elastic
addresses draw from the same wells.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import chain

from moyai.domain.ecs.account_setting import root_of, setting_key
from moyai.domain.ecs.task import Task
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.world import World
from moyai.kernel.ids import Ids

PUBLIC_CIDR = IPv4Network("127.83.0.0/16")
"""Where ``assignPublicIp`` finds its addresses: on the host's loopback, away from what others use."""

RESERVED = 5
"""Addresses of a subnet that are nobody's: four at its start, and the last one."""

_DUAL_STACK = "dualStackIPv6"
_RESERVED_AT_START = 4
_DRAWN_DIGITS = 4  # as many as say which of a /16's addresses


def private_address(world: World, subnet: Subnet, batch: Iterable[Task]) -> str | None:
    """A free address of the subnet, or None when it is full."""
    given = {t.interface.address for t in batch if t.own_interface is not None and t.interface.subnet == subnet.id}
    given |= {gateway.address for gateway in world.nat_gateways.by("subnet", subnet.id)}
    given |= {one.interface.address for one in world.container_instances.by("subnet", subnet.id)}
    used = world.tasks.count("subnet", subnet.id) + len(given)

    def owners(address: str) -> tuple[Task, ...]:
        return world.tasks.by("address", f"{subnet.id}/{address}")

    candidates = partial(_from, IPv4Network(subnet.cidr), _RESERVED_AT_START, used)
    fresh = (a for a in candidates() if a not in given and not owners(a))
    rested = (a for a in candidates() if a not in given and all(t.stopped for t in owners(a)))
    return next(chain(fresh, rested), None)


def ipv6_address(world: World, subnet: Subnet, address: str) -> str | None:
    """The IPv6 address that goes with a private address of the subnet; None where that has no IPv6, or its account has
    the setting ``dualStackIPv6`` disabled.

    It ends as the private one, so it is as free as that, and rests as long.
    """
    setting = world.account_settings.get(setting_key(subnet.scope, root_of(subnet.scope), _DUAL_STACK))
    if subnet.ipv6 is None or (setting is not None and setting.value == "disabled"):
        return None
    return str(IPv6Network(subnet.ipv6.cidr)[int(IPv4Address(address))])


def is_free(world: World, subnet: Subnet, address: str) -> bool:
    """Whether this address of the subnet may be given to somebody."""
    at = f"{subnet.id}/{address}"
    held = world.nat_gateways.count("address", at) or world.container_instances.count("address", at)
    taken = held or not all(t.stopped for t in world.tasks.by("address", at))
    number, network = int(IPv4Address(address)), IPv4Network(subnet.cidr)
    first, last = int(network.network_address) + _RESERVED_AT_START, int(network.broadcast_address)
    return not taken and first <= number < last


def public_address(world: World, batch: Iterable[Task], ids: Ids) -> str | None:
    """A free public address, or None when there is none left.

    Drawn, as AWS's are hard to foresee: this machine's loopback is one for all installations on it, and two that
    began with its first address would answer each other's callers.
    """
    given = {t.interface.public_address for t in batch}
    candidates = _from(PUBLIC_CIDR, 1, int(ids.hex(_DRAWN_DIGITS), 16))

    def taken(address: str) -> bool:
        holders = (world.tasks, world.container_instances, world.elastic_addresses)
        return any(table.count("public_address", address) for table in holders)

    return next((a for a in candidates if a not in given and not taken(a)), None)


def addresses_left(world: World, subnet: Subnet) -> int:
    """How many addresses of the subnet nothing has."""
    tasks = sum(1 for task in world.tasks.each("subnet", subnet.id) if not task.stopped)
    others = sum(table.count("subnet", subnet.id) for table in (world.nat_gateways, world.container_instances))
    return IPv4Network(subnet.cidr).num_addresses - RESERVED - tasks - others


def _from(network: IPv4Network, reserved: int, skipped: int) -> Iterator[str]:
    """All addresses, those first that follow the ``skipped`` lowest ones: where most likely none is taken."""
    first = int(network.network_address) + reserved
    size = int(network.broadcast_address) - first
    return (str(IPv4Address(first + (skipped + n) % size)) for n in range(size))
