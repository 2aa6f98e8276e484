"""The listeners of load balancers. Those of application load balancers understand HTTP.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
"""

from __future__ import annotations

from moyai.domain.elb import attributes
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.elb.rule import Listener
from moyai.mesh.ir import ForwardedFor, FrontListener, HttpFront, MeshService, Protocol, RouteRules
from moyai.mesh.load_balancing.addresses import connection_limit, front_addresses
from moyai.mesh.load_balancing.logs import access_log, connection_log
from moyai.mesh.load_balancing.network_listeners import add_network_listener
from moyai.mesh.load_balancing.pages import ERROR_PAGES, SERVER
from moyai.mesh.load_balancing.routes import route_rules
from moyai.mesh.load_balancing.shard import FrontBuilder
from moyai.mesh.load_balancing.tls import listener_tls


def add_listener(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener) -> None:
    """Add a listener with its rules and the target groups that these use."""
    if balancer.type is LoadBalancerType.NETWORK:
        add_network_listener(shard, balancer, listener)
        return
    tls = listener_tls(shard, balancer, listener)
    if listener.protocol.is_encrypted and tls is None:
        return
    name = listener.arn.rpartition(":")[2]
    rules = route_rules(shard, balancer, listener)
    routes = RouteRules(rules, is_front=True, drops_invalid_headers=attributes.DROP_INVALID_HEADERS.of(balancer))
    shard.add_service(MeshService(name, Protocol.HTTP, routes, balancer.dimension))
    addresses = tuple(front_addresses(balancer, listener, balancer.nodes))
    front = _http_front(balancer, name)
    logs = (access_log(balancer, listener), connection_log(balancer, listener))
    limit = connection_limit(shard.world, balancer, shard.limits)
    shard.listeners.append(FrontListener(name, addresses, front, tls, *logs, limit))


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
        counts_dropped_headers=attributes.DROP_INVALID_HEADERS.of(balancer),
    )
