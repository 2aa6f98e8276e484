"""The workload of a virtual gateway: two stages in one Envoy, as on AWS, because dashboards and alarms use the
statistics of both.

The first stage receives requests at the gateway's own ports. As the gateway's routes say, it rewrites the path and the
host, which becomes the name of the virtual service, and sends the requests to the proxy's own egress port. There the
second stage routes them by that name to the service's provider. Where the host is not enough (it is not rewritten, or
the service is called at several ports), a header names the service; such a header from a client is removed.

Promise: a request's timeout is the longest of all routes of the service. Where the target of a route does not exist,
requests are rejected, and a diagnostic reports it.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_gateways.html, gateway-routes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.appmesh.listener import GatewayListener
from moyai.domain.appmesh.virtual_gateway import (
    DefaultRewrite,
    GatewayRoute,
    HttpGatewayRoute,
    PrefixRewrite,
    VirtualGateway,
)
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.queries import app_mesh
from moyai.kernel.ids import WorkloadId
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.ip_addressing import ip_addressing
from moyai.mesh.app_mesh.match import hostname_match, request_match, sort_gateway_routes
from moyai.mesh.app_mesh.outbound import default_policy, outbound_port, virtual_host
from moyai.mesh.app_mesh.policies import APP_CONNECT_TIMEOUT, HTTP_DEFAULT, access_log, limits, longest
from moyai.mesh.app_mesh.provider import Caller, service_ports
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.app_mesh.tls import has_certificate, server_tls
from moyai.mesh.app_mesh.virtual_hosts import HostRules, virtual_hosts
from moyai.mesh.ir import (
    Destination,
    FixedSource,
    HeaderMatcher,
    InboundPort,
    OutboundView,
    PathMatcher,
    PathTest,
    Protocol,
    RequestMatch,
    Rewrite,
    RouteRule,
    StreamSplit,
    TextMatcher,
    TextTest,
    TimeoutPolicy,
    VirtualHost,
    WeightedDestination,
    Workload,
)

_RESERVED_PORTS: Final = (names.INGRESS_PORT, names.EGRESS_PORT)


class _RouteTarget(NamedTuple):
    """The target of a gateway route: a virtual service at a port (0 without a provider), and its rules there.
    ``header``: the value of the header that names the service to the second stage, if needed.
    """

    route: GatewayRoute
    service: VirtualService
    port: int = 0
    rules: tuple[RouteRule, ...] = ()
    header: str = ""

    @property
    def service_port(self) -> tuple[str, int]:
        return self.service.name, self.port


def gateway_workload(shard: ShardBuilder, gateway: VirtualGateway) -> Workload:
    """The workload of all proxies that represent the gateway."""
    routes = sort_gateway_routes(app_mesh.gateway_routes(shard.world, gateway.arn))
    caller = Caller(default_policy(gateway.spec.backend_defaults))
    existing = {r.arn: target for r in routes if (target := _route_target(shard, r, caller)) is not None}
    targets = dict(zip(existing, _with_headers(tuple(existing.values())), strict=True))
    at = ip_addressing(shard.mesh)
    return Workload(
        id=WorkloadId(gateway.arn),
        zone="",
        ingress_port=names.INGRESS_PORT,
        egress_port=names.EGRESS_PORT,
        inbound=tuple(
            _inbound(shard, gateway, listener, [(route, targets.get(route.arn)) for route in routes])
            for listener in gateway.spec.listeners
            if _is_free(shard, gateway, listener)
            and has_certificate(shard, gateway.arn, listener.port_mapping.port, listener.tls)
        ),
        outbound=_second_stage(gateway, tuple(targets.values())),
        access_log=access_log(gateway.spec.logging),
        ingress_label=names.ingress_listener(at.everywhere),
        egress_label=names.egress_listener(at.everywhere),
        everywhere=at.everywhere,
        egress_address=at.egress,
        egress_stat_name=names.egress_stat(at.everywhere, at.egress),
        normal_paths=True,
        traced=True,
        removed_headers=(names.SERVICE_HEADER,),
    )


def _route_target(shard: ShardBuilder, route: GatewayRoute, caller: Caller) -> _RouteTarget | None:
    """The target of a route; None if it does not exist, or does not accept HTTP."""
    target = route.spec.target
    name = target.virtual_service.virtual_service_name
    service = app_mesh.virtual_service(shard.world, route.mesh, name)
    if service is None:
        shard.report(route.arn, f"its requests fail: there is no virtual service {name}")
        return None
    if service.spec.provider is None:
        return _RouteTarget(route, service)
    at = next((each for each in service_ports(shard.world, service) if target.port in {None, each.port}), None)
    rules = None if at is None else at.routing(shard, caller)
    if at is None or rules is None or isinstance(rules, StreamSplit):
        shard.report(route.arn, f"its requests fail: {name} does not accept HTTP at the port of its target")
        return None
    return _RouteTarget(route, service, at.port, rules)


def _with_headers(targets: Sequence[_RouteTarget]) -> Iterator[_RouteTarget]:
    """The targets, with a header where the host alone does not determine which service's rules apply."""
    ports = {target.service_port for target in targets}
    by_host: dict[str, tuple[str, int]] = {}
    for target in targets:
        owns_host = by_host.setdefault(target.service.name.lower(), target.service_port) == target.service_port
        has_one_port = sum(name == target.service.name for name, _ in ports) == 1
        if not _keeps_host(target.route) and owns_host and has_one_port:
            yield target
        elif has_one_port:
            yield target._replace(header=target.service.name)
        else:
            yield target._replace(header=f"{target.service.name}:{target.port}")


def _inbound(
    shard: ShardBuilder,
    gateway: VirtualGateway,
    listener: GatewayListener,
    routes: Iterable[tuple[GatewayRoute, _RouteTarget | None]],
) -> InboundPort:
    port, protocol = listener.port_mapping.port, Protocol(listener.port_mapping.protocol)
    only = len(gateway.spec.listeners) == 1
    pool = listener.connection_pool
    redirect = shard.add_destination(
        Destination(
            name=names.redirect_cluster(shard.mesh.name, gateway.name, protocol, None if only else port),
            source=FixedSource("127.0.0.1", names.EGRESS_PORT),
            protocol=protocol,
            connect_timeout=APP_CONNECT_TIMEOUT,
            limits=limits(None if pool is None else pool.member),
        )
    )
    own = ((route, target) for route, target in routes if _applies_to(route, listener, only=only))
    rules = [
        HostRules(hostname_match(route.spec.member[1].match), tuple(_first_stage(route, target, redirect)))
        for route, target in own
    ]
    return InboundPort(
        port=port,
        protocol=protocol,
        timeouts=TimeoutPolicy(request=0, idle=HTTP_DEFAULT.idle),
        connect_timeout=APP_CONNECT_TIMEOUT,
        stat_name=names.ingress_stat(protocol, port, only=only),
        listen_port=port,
        tls=server_tls(shard, listener.tls),
        hosts=virtual_hosts(port, rules),
        routes_label=names.ingress_routes(port),
        listener_label=names.ingress_listener(ip_addressing(shard.mesh).everywhere, port),
    )


def _is_free(shard: ShardBuilder, gateway: VirtualGateway, listener: GatewayListener) -> bool:
    port = listener.port_mapping.port
    if port in _RESERVED_PORTS:
        shard.report(gateway.arn, f"its listener is left out: port {port} is the proxy's own")
    return port not in _RESERVED_PORTS


def _applies_to(route: GatewayRoute, listener: GatewayListener, *, only: bool) -> bool:
    """Whether the listener tries the route; a route without a port applies to every listener of its protocol."""
    if route.spec.port is not None:
        return route.spec.port == listener.port_mapping.port
    return only or route.spec.member[0] is listener.port_mapping.protocol


def _first_stage(route: GatewayRoute, target: _RouteTarget | None, redirect: str) -> Iterator[RouteRule]:
    """The rules of a gateway route: two if its prefix is rewritten, for paths with and without a slash after it."""
    match = request_match(route.spec.member[1].match)
    if target is None:
        yield RouteRule((), HTTP_DEFAULT, match, stat_name=route.name)
        return
    without_path = Rewrite(
        host=None if _keeps_host(route) else target.service.name,
        headers=((names.SERVICE_HEADER, target.header),) if target.header else (),
    )
    timeouts = longest([rule.timeouts for rule in target.rules])
    for path, rewrite in _path_rewrites(route, match.path, without_path):
        rewritten = None if rewrite == Rewrite() else rewrite
        yield RouteRule(
            (WeightedDestination(redirect),),
            timeouts,
            replace(match, path=path),
            rewrite=rewritten,
            stat_name=route.name,
        )


def _path_rewrites(
    route: GatewayRoute, path: PathMatcher, without_path: Rewrite
) -> Iterator[tuple[PathMatcher, Rewrite]]:
    http = route.spec.member[1]
    rewrite = http.action.rewrite if isinstance(http, HttpGatewayRoute) else None
    if path.test is not PathTest.PREFIX or not isinstance(http, HttpGatewayRoute):
        exact = None if rewrite is None or rewrite.path is None else rewrite.path.exact
        yield path, replace(without_path, path=exact)
        return
    prefix = _new_prefix(None if rewrite is None else rewrite.prefix)
    if prefix in {None, path.text}:
        yield path, without_path
        return
    if not path.text.endswith("/"):
        yield replace(path, text=f"{path.text}/"), replace(without_path, prefix=prefix)
    yield path, replace(without_path, prefix=prefix)


def _new_prefix(rewrite: PrefixRewrite | None) -> str | None:
    """The replacement of the prefix; None = the prefix stays."""
    if rewrite is not None and rewrite.value is not None:
        return rewrite.value
    return None if rewrite is not None and rewrite.default_prefix is DefaultRewrite.DISABLED else "/"


def _keeps_host(route: GatewayRoute) -> bool:
    rewrite = route.spec.member[1].action.rewrite
    hostname = None if rewrite is None else rewrite.hostname
    return hostname is not None and hostname.default_target_hostname is DefaultRewrite.DISABLED


def _second_stage(gateway: VirtualGateway, targets: Sequence[_RouteTarget]) -> OutboundView:
    """The second stage, which routes by the header, whatever the host is, and by the host if there is no header."""
    with_header = {target.header: target for target in targets if target.header}
    by_header = tuple(_by_header(rule, header) for header, target in with_header.items() for rule in target.rules)
    by_host = {target.service.name: target for target in targets if not target.header}
    hosts = []
    for name, target in sorted(by_host.items()):
        own = (_without_header(rule) if with_header else rule for rule in target.rules)
        hosts.append(virtual_host(name, names.EGRESS_PORT, (*by_header, *own)))
    if with_header:
        hosts.append(VirtualHost(names.DEFAULT_BACKEND, (names.ANY_HOST,), by_header))
    protocols = {Protocol(listener.port_mapping.protocol) for listener in gateway.spec.listeners}
    protocol = protocols.pop() if len(protocols) == 1 else Protocol.HTTP
    return OutboundView(ports=(outbound_port(names.EGRESS_PORT, protocol, tuple(hosts)),) if hosts else ())


def _by_header(rule: RouteRule, header: str) -> RouteRule:
    condition = HeaderMatcher(names.SERVICE_HEADER, TextMatcher(TextTest.EXACT, header))
    return replace(_with_condition(rule, condition), rewrite=Rewrite(without=(names.SERVICE_HEADER,)))


def _without_header(rule: RouteRule) -> RouteRule:
    return _with_condition(rule, HeaderMatcher(names.SERVICE_HEADER, invert=True))


def _with_condition(rule: RouteRule, header: HeaderMatcher) -> RouteRule:
    match: RequestMatch = rule.match
    return replace(rule, match=replace(match, headers=(header, *match.headers)))
