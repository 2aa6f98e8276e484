"""The listeners of a load balancer: where they listen, and how they treat connections.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.elb import attributes
from moyai.domain.elb.front import proxied_address
from moyai.domain.elb.load_balancer import LoadBalancer, Scheme
from moyai.domain.elb.rule import Listener, ListenerProtocol
from moyai.mesh.ir import (
    ForwardedFor,
    FrontAddress,
    FrontListener,
    HttpFront,
    MeshService,
    Protocol,
    RouteRules,
)
from moyai.mesh.load_balancing.pages import ERROR_PAGES, SERVER
from moyai.mesh.load_balancing.routes import route_rules
from moyai.mesh.load_balancing.shard import FrontBuilder
from moyai.mesh.load_balancing.tls import listener_tls


def add_listener(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener) -> None:
    """Add a listener with its rules and the target groups that these use."""
    if listener.protocol not in {ListenerProtocol.HTTP, ListenerProtocol.HTTPS}:
        shard.report(listener.arn, f"it is closed: listeners with {listener.protocol} are not served yet")
        return
    tls = listener_tls(shard, balancer, listener)
    if listener.protocol.is_encrypted and tls is None:
        return
    name = listener.arn.rpartition(":")[2]
    rules = route_rules(shard, balancer, listener)
    shard.add_service(MeshService(name, Protocol.HTTP, RouteRules(rules), balancer.dimension))
    shard.listeners.append(FrontListener(name, tuple(_addresses(balancer, listener)), _http_front(balancer, name), tls))


def stat_name(balancer: LoadBalancer, zone: str) -> str:
    """The name of the statistics of what arrives at a load balancer's node: ``app/<name>/<id>@<zone>``."""
    return f"{balancer.dimension}@{zone}"


def _addresses(balancer: LoadBalancer, listener: Listener) -> Iterator[FrontAddress]:
    """Where a listener listens: at each node, and where the VPC's router tells of clients from outside."""
    for node in balancer.nodes:
        address, name = node.interface.address, stat_name(balancer, node.zone)
        yield FrontAddress(address, listener.port, name)
        if balancer.scheme is Scheme.INTERNET_FACING:
            yield FrontAddress(proxied_address(address), listener.port, name, proxied=True)


def _http_front(balancer: LoadBalancer, service: str) -> HttpFront:
    return HttpFront(
        service=service,
        idle=attributes.IDLE_TIMEOUT.of(balancer),
        connection_age=attributes.CLIENT_KEEP_ALIVE.of(balancer),
        default_host=balancer.dns_name,
        server=SERVER,
        error_pages=ERROR_PAGES,
        forwarded_for=ForwardedFor(attributes.XFF_MODE.of(balancer)),
        forwarded_client_port=attributes.XFF_CLIENT_PORT.of(balancer),
        drop_invalid_headers=attributes.DROP_INVALID_HEADERS.of(balancer),
    )
