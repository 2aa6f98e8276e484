"""How a task's TCP traffic is redirected to its proxy."""

from __future__ import annotations

import msgspec


class Intercept(msgspec.Struct, frozen=True):
    """The redirection of a task's traffic to a Service Connect proxy. Loopback to loopback is never redirected.

    ``virtual_cidr``: connections from inside the task to it are redirected to ``egress_port``.
    ``inbound_ports``: connections from outside to one of them are redirected to ``ingress_port``;
    the proxy distinguishes them by their original destination.
    ``opened_ports``: the proxy listens on them itself (``ingressPortOverride``), so nothing is redirected.
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
