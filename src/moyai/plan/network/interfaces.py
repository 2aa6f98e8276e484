"""Network interfaces of tasks, container instances and load balancers' nodes, and which addresses they get.

Promise: an interface is complete when it is created, and nothing about it is chosen later. No address is given twice
while a task that is not STOPPED has it, in the world or in the same plan. An address whose last task is still on record
(stopped within the hour) is given again only when the subnet has no other, so that a client that kept a connection or a
cached name does not reach another task. As on AWS, the first four addresses of a subnet and the last one are reserved.
Load balancers, NAT gateways, mount targets and elastic addresses use the same addresses.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import chain

from moyai.domain.ecs.account_setting import DUAL_STACK_IPV6, root_of, setting_key
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.elb.load_balancer import LoadBalancerNode
from moyai.domain.vpc.default import internal_domain
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.ids import Ids, NetworkInterfaceId, SecurityGroupId, SubnetId
from moyai.kernel.scope import Scope

PUBLIC_CIDR = IPv4Network("127.83.0.0/16")
"""The range of public addresses: on the host's loopback, away from what other programs use."""

RESERVED = 5
"""Addresses of a subnet that no interface gets: four at its start, and the last one."""

_RESERVED_AT_START = 4
_DRAWN_DIGITS = 4  # of hexadecimal, which number the addresses of a /16


def private_address(world: World, subnet: Subnet, batch: Iterable[Task], promised: Iterable[str] = ()) -> str | None:
    """A free address of the subnet that is not ``promised``, or None when it is full."""
    in_use = {t.interface.address for t in batch if t.own_interface is not None and t.interface.subnet == subnet.id}
    in_use |= {used.address for gateway in world.nat_gateways.by("subnet", subnet.id) for used in gateway.addresses}
    in_use |= set(promised)
    in_use |= {target.address for target in world.mount_targets.by("subnet", subnet.id)}
    in_use |= {instance.interface.address for instance in world.container_instances.by("subnet", subnet.id)}
    in_use |= {node.interface.address for node in nodes_in(world, subnet.id)}
    count = world.tasks.count("subnet", subnet.id) + len(in_use)

    def owners(address: str) -> tuple[Task, ...]:
        return world.tasks.by("address", f"{subnet.id}/{address}")

    candidates = partial(_addresses_of, IPv4Network(subnet.cidr), _RESERVED_AT_START, count)
    never_used = (a for a in candidates() if a not in in_use and not owners(a))
    free_again = (a for a in candidates() if a not in in_use and all(t.stopped for t in owners(a)))
    return next(chain(never_used, free_again), None)


def ipv6_address(world: World, subnet: Subnet, address: str) -> str | None:
    """The IPv6 address that goes with a private address of the subnet; None where the subnet has no IPv6, or its
    account has the setting ``dualStackIPv6`` disabled.

    It has the number of the private address, so that both are free at the same time.
    """
    return numbered_ipv6(subnet, address) if gives_ipv6(world, subnet.scope) else None


def gives_ipv6(world: World, scope: Scope) -> bool:
    """Whether tasks of the account get IPv6 addresses where their subnet has them."""
    setting = world.account_settings.get(setting_key(scope, root_of(scope), DUAL_STACK_IPV6))
    return setting is None or setting.value != "disabled"


def numbered_ipv6(subnet: Subnet, address: str) -> str | None:
    """The IPv6 address with the number of a private address of the subnet; None where the subnet has no IPv6."""
    return None if subnet.ipv6 is None else str(IPv6Network(subnet.ipv6.cidr)[int(IPv4Address(address))])


def is_address_free(world: World, subnet: Subnet, address: str) -> bool:
    """Whether this address of the subnet may be given to an interface."""
    at = f"{subnet.id}/{address}"
    tables = (world.nat_gateways, world.mount_targets, world.container_instances, world.load_balancers)
    has_owner = any(table.count("address", at) for table in tables)
    is_taken = has_owner or not all(t.stopped for t in world.tasks.by("address", at))
    number, network = int(IPv4Address(address)), IPv4Network(subnet.cidr)
    first, last = int(network.network_address) + _RESERVED_AT_START, int(network.broadcast_address)
    return not is_taken and first <= number < last


def public_address(world: World, batch: Iterable[Task], ids: Ids) -> str | None:
    """A free public address at random, or None when there is none left.

    All installations on a machine share its loopback: two that began with the first address would answer each other's
    callers.
    """
    in_batch = {t.interface.public_address for t in batch}
    candidates = _addresses_of(PUBLIC_CIDR, 1, int(ids.hex(_DRAWN_DIGITS), 16))

    def is_taken(address: str) -> bool:
        tables = (world.tasks, world.container_instances, world.elastic_addresses, world.load_balancers)
        return any(table.count("public_address", address) for table in tables)

    return next((a for a in candidates if a not in in_batch and not is_taken(a)), None)


def addresses_left(world: World, subnet: Subnet) -> int:
    """How many addresses of the subnet are free."""
    tasks = sum(1 for task in world.tasks.each("subnet", subnet.id) if not task.stopped)
    tables = (world.mount_targets, world.container_instances, world.load_balancers)
    others = sum(table.count("subnet", subnet.id) for table in tables)
    others += sum(len(gateway.addresses) for gateway in world.nat_gateways.each("subnet", subnet.id))
    return IPv4Network(subnet.cidr).num_addresses - RESERVED - tasks - others


def nodes_in(world: World, subnet: SubnetId) -> Iterator[LoadBalancerNode]:
    """The nodes of load balancers in the subnet."""
    nodes = (node for balancer in world.load_balancers.by("subnet", subnet) for node in balancer.nodes)
    return (node for node in nodes if node.subnet == subnet)


def _addresses_of(network: IPv4Network, first_host: int, offset: int) -> Iterator[str]:
    """All addresses of the network but the reserved ones, beginning after the ``offset`` lowest ones, which are most
    likely taken.
    """
    first = int(network.network_address) + first_host
    size = int(network.broadcast_address) - first
    return (str(IPv4Address(first + (offset + n) % size)) for n in range(size))


def new_interface(
    world: World,
    subnet: Subnet,
    groups: tuple[SecurityGroupId, ...],
    ids: Ids,
    *,
    public: bool,
    batch: Sequence[Task] = (),
) -> NetworkInterface | None:
    """An interface in the subnet; None where the subnet, or the range of public addresses, is full.

    ``batch``: tasks of the same plan, which the world does not have yet.
    """
    address = private_address(world, subnet, batch)
    outside_address = public_address(world, batch, ids) if public else None
    if address is None or (public and outside_address is None):
        return None
    return NetworkInterface(
        id=NetworkInterfaceId(f"eni-{ids.hex(17)}"),
        attachment=ids.uuid(),
        vpc=subnet.vpc,
        subnet=subnet.id,
        address=address,
        mac=_mac(ids),
        private_dns_name=_private_dns_name(address, subnet.scope.region),
        security_groups=groups,
        public_address=outside_address,
    )


def _mac(ids: Ids) -> str:
    """A locally administered unicast address."""
    digits = "02" + ids.hex(10)
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def _private_dns_name(address: str, region: str) -> str:
    return f"ip-{address.replace('.', '-')}.{internal_domain(region)}"
