"""The URLs at which a target group is called through its load balancers.

Promise: a listener of an internet-facing load balancer has one at which this machine reaches it: its name, where the
server has a port for names, else its first public address. An internal one has its name, which its VPC knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.defaults import Defaults
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Listener, ListenerProtocol
from moyai.domain.world import World
from moyai.kernel.ids import TargetGroupArn

_SCHEMES: Final[Mapping[ListenerProtocol, tuple[str, ...]]] = MappingProxyType(
    {
        ListenerProtocol.HTTP: ("http",),
        ListenerProtocol.HTTPS: ("https",),
        ListenerProtocol.TCP: ("tcp",),
        ListenerProtocol.TLS: ("tcp",),
        ListenerProtocol.UDP: ("udp",),
        ListenerProtocol.TCP_UDP: ("tcp", "udp"),
    }
)


def urls_of_group(world: World, group: TargetGroupArn) -> tuple[str, ...]:
    """The URL of each listener with a rule that names the target group, in the order of their ports."""
    arns = {rule.listener for rule in world.rules.by("target_group", group)}
    listeners = sorted((world.listeners[arn] for arn in arns), key=lambda listener: (listener.port, listener.arn))
    return tuple(url for listener in listeners for url in _urls(world, listener))


def _urls(world: World, listener: Listener) -> Iterator[str]:
    balancer = world.load_balancers.get(listener.load_balancer)
    if balancer is None:
        return
    public = (node.interface.public_address for node in balancer.nodes)
    address = next(filter(None, public), None)
    port = _port_of_names(world.defaults, listener.protocol)
    at = f"{address or balancer.dns_name}:{listener.port}"
    if address is not None and port is not None:
        at = f"{_name(world, balancer, listener)}:{port}"
    yield from (f"{scheme}://{at}" for scheme in _SCHEMES[listener.protocol])


def _port_of_names(defaults: Defaults, protocol: ListenerProtocol) -> int | None:
    """The server's port at which a listener with this protocol is called by its name."""
    if protocol is ListenerProtocol.HTTP:
        return defaults.gateway_http_port
    return defaults.gateway_https_port if protocol is ListenerProtocol.HTTPS else None


def _name(world: World, balancer: LoadBalancer, listener: Listener) -> str:
    """The load balancer's name, before it the port where another listener has the name alone: the lowest one."""
    listeners = world.listeners.by("load_balancer", balancer.arn)
    alike = (other.port for other in listeners if other.protocol.is_encrypted == listener.protocol.is_encrypted)
    return balancer.dns_name if listener.port == min(alike) else f"{listener.port}.{balancer.dns_name}"
