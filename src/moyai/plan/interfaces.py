"""Network interfaces of tasks and of container instances, with their addresses.

Promise: an interface has everything that it will ever have; nothing about it is chosen later. A task's also has an IPv6
address where its subnet has such (``launch``).
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.world import World
from moyai.kernel.ids import Ids, NetworkInterfaceId, SecurityGroupId
from moyai.plan.addresses import private_address, public_address


def new_interface(
    world: World,
    subnet: Subnet,
    groups: tuple[SecurityGroupId, ...],
    ids: Ids,
    *,
    public: bool,
    batch: Sequence[Task] = (),
) -> NetworkInterface | None:
    """An interface in the subnet; None where it, or what there is of public addresses, is full.

    ``batch``: tasks made in the same breath that the world doesn't know yet.
    """
    address = private_address(world, subnet, batch)
    outside = public_address(world, batch, ids) if public else None
    if address is None or (public and outside is None):
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
        public_address=outside,
    )


def _mac(ids: Ids) -> str:
    """A locally administered unicast address."""
    digits = "02" + ids.hex(10)
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def _private_dns_name(address: str, region: str) -> str:
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"
