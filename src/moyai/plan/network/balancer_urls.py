"""The URLs at which the listeners of load balancers are called.

Promise: the URL of an internet-facing load balancer's listener works on this machine: it has a name that leads to the
listener, where the server has a port for names, else the first public address. The URL of an internal load balancer has
its DNS name, which its VPC resolves. Whatever shows such a URL gets it from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.defaults import Defaults
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Listener, ListenerProtocol
from moyai.domain.sandbox.server_names import routed_server_names
from moyai.domain.world import World
from moyai.kernel.ids import LoadBalancerArn, TargetGroupArn
from moyai.plan.network.published_ports import certificate_names, published_ports_of

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
_RoutedNames = Mapping[tuple[str, int], Sequence[str]]
"""The server names that lead to each encrypted port of a load balancer, by its DNS name."""


class ListenerUrl(msgspec.Struct, frozen=True):
    """The URL of a listener with a name, at the server's port for names. ``port``: the listener's own port."""

    load_balancer: LoadBalancerArn
    port: int
    url: str


def urls_by_name(world: World) -> tuple[ListenerUrl, ...]:
    """The listeners that are called by a name at a port of the server, each load balancer's in the order of ports."""
    balancers = world.load_balancers.by("public", "yes")
    listeners = [at for balancer in balancers for at in _by_port(world.listeners.by("load_balancer", balancer.arn))]
    routed = _routed_names(world, listeners)
    urls = ((listener, _url_by_name(world, listener, routed)) for listener in listeners)
    return tuple(ListenerUrl(listener.load_balancer, listener.port, url) for listener, url in urls if url)


def urls_of_group(world: World, group: TargetGroupArn) -> tuple[str, ...]:
    """The URL of each listener with a rule that names the target group, in the order of their ports."""
    arns = {rule.listener for rule in world.rules.by("target_group", group)}
    listeners = _by_port(world.listeners[arn] for arn in arns)
    routed = _routed_names(world, listeners)
    return tuple(url for listener in listeners for url in _urls(world, listener, routed))


def _by_port(listeners: Iterable[Listener]) -> list[Listener]:
    return sorted(listeners, key=lambda listener: (listener.port, listener.arn))


def _urls(world: World, listener: Listener, routed: _RoutedNames) -> Iterator[str]:
    balancer = world.load_balancers.get(listener.load_balancer)
    if balancer is None:
        return
    public = (node.interface.public_address for node in balancer.nodes)
    address = next(filter(None, public), None)
    by_name = None if address is None else _url_by_name(world, listener, routed)
    at = f"{address or balancer.dns_name}:{listener.port}"
    yield from (f"{scheme}://{at}" for scheme in _SCHEMES[listener.protocol]) if by_name is None else (by_name,)


def _url_by_name(world: World, listener: Listener, routed: _RoutedNames) -> str | None:
    """The URL at the server's port for names; None where it has none for this protocol."""
    port = _port_of_names(world.defaults, listener.protocol)
    if port is None:
        return None
    balancer = world.load_balancers[listener.load_balancer]
    name = _own_name(world, balancer, listener)
    if listener.protocol is ListenerProtocol.HTTPS:
        name = _certified_name(world, listener, name, routed.get((balancer.dns_name, listener.port), ()))
    return f"{listener.protocol.lower()}://{name}:{port}"


def _port_of_names(defaults: Defaults, protocol: ListenerProtocol) -> int | None:
    """The server's port at which a listener with this protocol is called by its name."""
    if protocol is ListenerProtocol.HTTP:
        return defaults.gateway_http_port
    return defaults.gateway_https_port if protocol is ListenerProtocol.HTTPS else None


def _own_name(world: World, balancer: LoadBalancer, listener: Listener) -> str:
    """The load balancer's name for its lowest port; for other ports, the name with the port in front."""
    listeners = world.listeners.by("load_balancer", balancer.arn)
    alike = (other.port for other in listeners if other.protocol.is_encrypted == listener.protocol.is_encrypted)
    return balancer.dns_name if listener.port == min(alike) else f"{listener.port}.{balancer.dns_name}"


def _certified_name(world: World, listener: Listener, own_name: str, routed: Iterable[str]) -> str:
    """A name of the listener's certificates that leads to the listener: ``own_name`` if it is among them, or if none of
    them leads here.
    """
    names = [name for name in certificate_names(world, listener) if name in routed and "*" not in name]
    return own_name if own_name in names or not names else names[0]


def _routed_names(world: World, listeners: Iterable[Listener]) -> _RoutedNames:
    """The names that lead to encrypted ports, which depend on all load balancers; empty, to save the work, where no
    listener is called by name.
    """
    if not any(_port_of_names(world.defaults, at.protocol) for at in listeners if at.protocol.is_encrypted):
        return {}
    balancers = world.load_balancers.by("public", "yes")
    ports = (port for balancer in balancers for port in published_ports_of(world, balancer.arn))
    return {(port.service or "", port.port): names for port, names in routed_server_names(ports)}
