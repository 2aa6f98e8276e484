"""A virtual gateway's proxy: two steps in one Envoy, as AWS's were, because people look for both in its statistics.

The first takes requests at the gateway's own ports, by its routes: it rewrites the path and the host, which becomes the
name of the virtual service, and sends them to the proxy's own egress port. The second takes them there by that name and
sends them on by the service's provider. Where the name doesn't say it all (the host stays as it was, the service is
called at several ports) a header does; a client's own is taken away.

Promise: time for a request is the longest that any route of the service gives it. Where what a route leads to can't be
had, requests are turned away, and it is reported.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_gateways.html, gateway-routes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.appmesh.gateway_route import GatewayRoute, HttpGatewayRoute
from moyai.domain.appmesh.listener import GatewayListener
from moyai.domain.appmesh.rewrite import DefaultRewrite, PrefixRewrite
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.queries import app_mesh
from moyai.kernel.ids import WorkloadId
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.access_log import access_log
from moyai.mesh.app_mesh.family import addresses
from moyai.mesh.app_mesh.hosts import Hosted, by_host
from moyai.mesh.app_mesh.match import gateway_routes_in_order, host_of, match_of
from moyai.mesh.app_mesh.outbound import default_policy, host, outbound_port
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.app_mesh.policies import APP_CONNECT_TIMEOUT, HTTP_DEFAULT, limits, longest
from moyai.mesh.app_mesh.rules import Client, called
from moyai.mesh.app_mesh.tls import may_open, server_tls
from moyai.mesh.ir import (
    Destination,
    Fixed,
    HeaderMatch,
    Host,
    InboundPort,
    Match,
    OutboundView,
    PathMatch,
    PathTest,
    Protocol,
    Rewrite,
    Rule,
    StreamSplit,
    Target,
    TextMatch,
    TextTest,
    TimeoutPolicy,
    Workload,
)

_RESERVED: Final = (names.INGRESS_PORT, names.EGRESS_PORT)


class _Aim(NamedTuple):
    """What a gateway route leads to: a virtual service at a port, 0 where nobody provides it, and the rules that it has
    there. ``mark``: what the header says, where it is needed.
    """

    route: GatewayRoute
    service: VirtualService
    port: int = 0
    rules: tuple[Rule, ...] = ()
    mark: str = ""

    @property
    def place(self) -> tuple[str, int]:
        """The service and its port."""
        return self.service.name, self.port


def gateway_workload(part: Part, gateway: VirtualGateway) -> Workload:
    """What all proxies are led as that stand for the gateway."""
    routes = gateway_routes_in_order(app_mesh.gateway_routes(part.world, gateway.arn))
    client = Client(default_policy(gateway.spec.backend_defaults))
    found = {route.arn: aim for route in routes if (aim := _aim(part, route, client)) is not None}
    aims = dict(zip(found, _marked(tuple(found.values())), strict=True))
    at = addresses(part.mesh)
    return Workload(
        id=WorkloadId(gateway.arn),
        zone="",
        ingress_port=names.INGRESS_PORT,
        egress_port=names.EGRESS_PORT,
        inbound=tuple(
            _inbound(part, gateway, listener, [(route, aims.get(route.arn)) for route in routes])
            for listener in gateway.spec.listeners
            if _is_free(part, gateway, listener)
            and may_open(part, gateway.arn, listener.port_mapping.port, listener.tls)
        ),
        outbound=_second_step(gateway, tuple(aims.values())),
        access_log=access_log(gateway.spec.logging),
        ingress_label=names.ingress_listener(at.everywhere),
        egress_label=names.egress_listener(at.everywhere),
        everywhere=at.everywhere,
        egress_address=at.egress,
        egress_stat_name=names.egress_stat(at.everywhere, at.egress),
        normal_paths=True,
        traced=True,
        removed_headers=(names.ADDRESSED,),
    )


def _aim(part: Part, route: GatewayRoute, client: Client) -> _Aim | None:
    """None where there is nothing that it could lead to."""
    target = route.spec.target
    name = target.virtual_service.virtual_service_name
    service = app_mesh.virtual_service(part.world, route.mesh, name)
    if service is None:
        part.report(route.arn, f"what it takes is turned away: there is no virtual service {name}")
        return None
    if service.spec.provider is None:
        return _Aim(route, service)
    at = next((one for one in called(part.world, service) if target.port in {None, one.port}), None)
    rules = None if at is None else at.routing(part, client)
    if at is None or rules is None or isinstance(rules, StreamSplit):
        part.report(route.arn, f"what it takes is turned away: {name} doesn't take HTTP at the port that is meant")
        return None
    return _Aim(route, service, at.port, rules)


def _marked(aims: Sequence[_Aim]) -> Iterator[_Aim]:
    """With a mark where the host alone doesn't say which service's rules are meant."""
    places = {aim.place for aim in aims}
    owners: dict[str, tuple[str, int]] = {}
    for aim in aims:
        mine = owners.setdefault(aim.service.name.lower(), aim.place) == aim.place
        alone = sum(name == aim.service.name for name, _ in places) == 1
        needed = _keeps_host(aim.route) or not (mine and alone)
        yield aim._replace(mark="" if not needed else aim.service.name if alone else f"{aim.place[0]}:{aim.place[1]}")


def _inbound(
    part: Part, gateway: VirtualGateway, listener: GatewayListener, routes: Iterable[tuple[GatewayRoute, _Aim | None]]
) -> InboundPort:
    port, protocol = listener.port_mapping.port, Protocol(listener.port_mapping.protocol)
    only = len(gateway.spec.listeners) == 1
    pool = listener.connection_pool
    redirect = part.destination(
        Destination(
            name=names.redirect_cluster(part.mesh.name, gateway.name, protocol, None if only else port),
            source=Fixed("127.0.0.1", names.EGRESS_PORT),
            protocol=protocol,
            connect_timeout=APP_CONNECT_TIMEOUT,
            limits=limits(None if pool is None else pool.one),
        )
    )
    mine = ((route, aim) for route, aim in routes if _is_for(route, listener, only=only))
    hosted = [Hosted(host_of(r.spec.one[1].match), tuple(_first_step(r, aim, redirect))) for r, aim in mine]
    return InboundPort(
        port=port,
        protocol=protocol,
        timeouts=TimeoutPolicy(request=0, idle=HTTP_DEFAULT.idle),
        connect_timeout=APP_CONNECT_TIMEOUT,
        stat_name=names.ingress_stat(protocol, port, only=only),
        listen_port=port,
        tls=server_tls(part, listener.tls),
        hosts=by_host(port, hosted),
        routes_label=names.ingress_routes(port),
        listener_label=names.ingress_listener(addresses(part.mesh).everywhere, port),
    )


def _is_free(part: Part, gateway: VirtualGateway, listener: GatewayListener) -> bool:
    port = listener.port_mapping.port
    if port in _RESERVED:
        part.report(gateway.arn, f"its listener is left out: port {port} is the proxy's own")
    return port not in _RESERVED


def _is_for(route: GatewayRoute, listener: GatewayListener, *, only: bool) -> bool:
    """Whether the listener tries the route; one that says no port is tried wherever its protocol is spoken."""
    if route.spec.port is not None:
        return route.spec.port == listener.port_mapping.port
    return only or route.spec.one[0] is listener.port_mapping.protocol


def _first_step(route: GatewayRoute, aim: _Aim | None, redirect: str) -> Iterator[Rule]:
    """A gateway route's rules: two, where a prefix is to go with the slash behind it or without."""
    match = match_of(route.spec.one[1].match)
    if aim is None:
        yield Rule((), HTTP_DEFAULT, match, stat_name=route.name)
        return
    plain = Rewrite(
        host=None if _keeps_host(route) else aim.service.name,
        headers=((names.ADDRESSED, aim.mark),) if aim.mark else (),
    )
    timeouts = longest([rule.timeouts for rule in aim.rules])
    for path, rewrite in _paths(route, match.path, plain):
        rewritten = None if rewrite == Rewrite() else rewrite
        yield Rule((Target(redirect),), timeouts, replace(match, path=path), rewrite=rewritten, stat_name=route.name)


def _paths(route: GatewayRoute, path: PathMatch, plain: Rewrite) -> Iterator[tuple[PathMatch, Rewrite]]:
    said = route.spec.one[1]
    asked = said.action.rewrite if isinstance(said, HttpGatewayRoute) else None
    if path.test is not PathTest.PREFIX or not isinstance(said, HttpGatewayRoute):
        exact = None if asked is None or asked.path is None else asked.path.exact
        yield path, replace(plain, path=exact)
        return
    prefix = _new_prefix(None if asked is None else asked.prefix)
    if prefix in {None, path.text}:
        yield path, plain
        return
    if not path.text.endswith("/"):
        yield replace(path, text=f"{path.text}/"), replace(plain, prefix=prefix)
    yield path, replace(plain, prefix=prefix)


def _new_prefix(said: PrefixRewrite | None) -> str | None:
    """What comes in place of the prefix; None = it stays."""
    if said is not None and said.value is not None:
        return said.value
    return None if said is not None and said.default_prefix is DefaultRewrite.DISABLED else "/"


def _keeps_host(route: GatewayRoute) -> bool:
    rewrite = route.spec.one[1].action.rewrite
    said = None if rewrite is None else rewrite.hostname
    return said is not None and said.default_target_hostname is DefaultRewrite.DISABLED


def _second_step(gateway: VirtualGateway, aims: Sequence[_Aim]) -> OutboundView:
    """By the header first, whatever the host is; by the host, where there is no header."""
    marked = {aim.mark: aim for aim in aims if aim.mark}
    by_header = tuple(_by_header(rule, mark) for mark, aim in marked.items() for rule in aim.rules)
    by_host = {aim.service.name: aim for aim in aims if not aim.mark}
    hosts = [
        host(name, names.EGRESS_PORT, (*by_header, *(_unmarked(rule) if marked else rule for rule in aim.rules)))
        for name, aim in sorted(by_host.items())
    ]
    if marked:
        hosts.append(Host(names.DEFAULT_BACKEND, (names.ANY_HOST,), by_header))
    protocols = {Protocol(listener.port_mapping.protocol) for listener in gateway.spec.listeners}
    protocol = protocols.pop() if len(protocols) == 1 else Protocol.HTTP
    return OutboundView(ports=(outbound_port(names.EGRESS_PORT, protocol, tuple(hosts)),) if hosts else ())


def _by_header(rule: Rule, mark: str) -> Rule:
    asked = HeaderMatch(names.ADDRESSED, TextMatch(TextTest.EXACT, mark))
    return replace(_asking(rule, asked), rewrite=Rewrite(without=(names.ADDRESSED,)))


def _unmarked(rule: Rule) -> Rule:
    return _asking(rule, HeaderMatch(names.ADDRESSED, invert=True))


def _asking(rule: Rule, header: HeaderMatch) -> Rule:
    match: Match = rule.match
    return replace(rule, match=replace(match, headers=(header, *match.headers)))
