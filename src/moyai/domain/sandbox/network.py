"""A sandbox's network: the kinds of network namespaces, the names in its hosts file, and how a task's TCP traffic is
redirected to its proxy.
"""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import TaskId, VpcId


class HostName(msgspec.Struct, frozen=True):
    """One line of a task's ``/etc/hosts``."""

    address: str
    name: str


class SubnetAddress(msgspec.Struct, frozen=True, order=True):
    """An address of a network interface, and the range of its subnet."""

    address: str
    subnet_cidr: str


class AwsvpcNetwork(msgspec.Struct, frozen=True, tag="awsvpc"):
    """A network namespace with an address in a subnet. ``bridge``: for a container instance, the address range of its
    tasks in the network mode bridge.
    """

    vpc: VpcId
    vpc_cidr: str
    subnet_cidr: str
    address: str
    mac: str
    host_name: str
    bridge: str | None = None
    ipv6: SubnetAddress | None = None


class Forward(msgspec.Struct, frozen=True):
    """``count`` consecutive ports of an instance that are forwarded to a task. ``protocol``: tcp, udp."""

    host_port: int
    port: int
    protocol: str = "tcp"
    count: int = 1


class BridgeNetwork(msgspec.Struct, frozen=True, tag="bridge"):
    """A network namespace behind a container instance's: ``address`` is in the instance's ``bridge``. Others see the
    instance's own address, and reach the task at ``ports`` only.
    """

    instance: TaskId
    """The container instance's sandbox, which must exist."""
    vpc_cidr: str
    bridge: str
    address: str
    host_name: str
    domain: str
    """The DNS search domain."""
    ports: tuple[Forward, ...] = ()


class HostNetwork(msgspec.Struct, frozen=True, tag="host"):
    """The container instance's own network namespace, with its address and its name."""

    instance: TaskId
    """The container instance's sandbox, which must exist."""
    vpc_cidr: str
    address: str
    host_name: str


class NoNetwork(msgspec.Struct, frozen=True, tag="none"):
    """A network namespace with a loopback interface only."""

    host_name: str


class NodesNetwork(msgspec.Struct, frozen=True, tag="nodes"):
    """The network namespace of a VPC's front proxy, which has the addresses of all nodes of the VPC's load balancers.

    Sockets may be bound to addresses that it does not have yet.
    """

    vpc: VpcId
    vpc_cidr: str
    mac: str
    host_name: str
    addresses: tuple[SubnetAddress, ...]
    """At least one."""


AnyNetwork = AwsvpcNetwork | BridgeNetwork | HostNetwork | NoNetwork | NodesNetwork


class Intercept(msgspec.Struct, frozen=True):
    """The redirection of a task's traffic to a Service Connect proxy. Loopback to loopback is never redirected.

    ``virtual_cidr``: the range whose connections from inside the task are redirected to ``egress_port``.
    ``inbound_ports``: the ports whose connections from outside are redirected to ``ingress_port``; the proxy
    distinguishes them by their original destination. ``opened_ports``: the ports that the proxy itself listens on
    (``ingressPortOverride``), so that nothing is redirected.
    """

    virtual_cidr: str
    egress_port: int
    ingress_port: int
    inbound_ports: tuple[int, ...] = ()
    opened_ports: tuple[int, ...] = ()


class InterceptAll(msgspec.Struct, frozen=True):
    """The redirection of all of a task's TCP traffic to an App Mesh proxy, except between its own addresses.

    Connections from inside the task are redirected to ``egress_port``, unless they are of the user ``uid`` or the group
    ``gid``, as the proxy's own are, or go to one of ``ignored_ports`` or ``ignored_ranges`` (of either family).
    ``app_ports``: connections from outside to one of them are redirected to ``ingress_port``.
    """

    egress_port: int
    ingress_port: int | None = None
    app_ports: tuple[int, ...] = ()
    uid: int | None = None
    gid: int | None = None
    ignored_ports: tuple[int, ...] = ()
    ignored_ranges: tuple[str, ...] = ()
