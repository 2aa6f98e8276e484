"""Service Connect, compiled into the mesh.

Promise: pure and total. Whatever the world holds, the result is a mesh whose every name is defined; a
piece that makes no sense is left out and reported as a Diagnostic, so that one broken service never
blanks another. What a task can call is its deployment's frozen view; who answers is every instance
registered right now. One namespace at a time, because no traffic leaves its namespace.

Numbers: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
where AWS gives them; the others, and why, are in docs/reference/parity.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv4Address

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, ZONE, DiscoveryInstance, DiscoveryService
from moyai.domain.connect.names import ConnectView, Offer, proxy_ports
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn, WorkloadId
from moyai.mesh.ir import (
    Call,
    Destination,
    Diagnostic,
    EndpointGroup,
    InboundPort,
    Match,
    Member,
    Mesh,
    OutboundView,
    OutlierPolicy,
    Protocol,
    RetryCondition,
    RetryPolicy,
    RouteTable,
    Rule,
    Service,
    StreamSplit,
    TimeoutPolicy,
    Workload,
)

_MAX_PORT = 65535

_RETRIES = 2
_RESELECTIONS = 5
_REQUEST_TIMEOUT = 15.0
_HTTP_IDLE = 300.0
_TCP_IDLE = 3600.0
_CONNECT_TIMEOUT = 1.0
_APP_CONNECT_TIMEOUT = 0.25
_APP_CONNECTION_IDLE = 4.0
_CUT_REQUEST = 502

_OUTLIER = OutlierPolicy(
    consecutive_failures=5, interval=10.0, base_ejection=30.0, max_ejection=300.0, max_ejection_percent=50
)

_REPEATABLE = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
"""Methods that may be sent twice (RFC 9110 § 9.2.2)."""
_RETRY_REPEATABLE = RetryPolicy(
    attempts=_RETRIES,
    conditions=(RetryCondition.CONNECT_FAILURE, RetryCondition.REFUSED_STREAM, RetryCondition.RESET),
    status_codes=(_CUT_REQUEST, 503),
    reselections=_RESELECTIONS,
)
_RETRY_UNSENT = RetryPolicy(
    attempts=_RETRIES,
    conditions=(RetryCondition.CONNECT_FAILURE, RetryCondition.REFUSED_STREAM, RetryCondition.RESET_BEFORE_REQUEST),
    status_codes=(503,),
    reselections=_RESELECTIONS,
)
_RETRY_GRPC = RetryPolicy(
    attempts=_RETRIES,
    conditions=(*_RETRY_UNSENT.conditions, RetryCondition.UNAVAILABLE),
    status_codes=(503,),
    reselections=_RESELECTIONS,
)


def compile_mesh(world: World) -> Mesh:
    """The mesh of all namespaces."""
    return join(compile_namespace(world, namespace.arn) for namespace in world.namespaces)


def join(meshes: Iterable[Mesh]) -> Mesh:
    """Meshes that share no name, as one."""
    parts = tuple(meshes)
    return Mesh(
        workloads={k: v for part in parts for k, v in part.workloads.items()},
        services={k: v for part in parts for k, v in part.services.items()},
        destinations={k: v for part in parts for k, v in part.destinations.items()},
        groups={k: v for part in parts for k, v in part.groups.items()},
        diagnostics=tuple(d for part in parts for d in part.diagnostics),
    )


def compile_namespace(world: World, arn: NamespaceArn) -> Mesh:
    """The mesh of one namespace: its alive tasks that have a proxy, and everything they can call."""
    namespace = world.namespaces.get(arn)
    if namespace is None:
        return Mesh()
    diagnostics: list[Diagnostic] = []
    tasks = sorted(world.tasks.by("namespace", arn), key=lambda t: t.arn)
    targets = {name.target for t in tasks if t.view is not None for name in t.view.names}
    called = {a: d for a in sorted(targets) if (d := world.discovery_services.get(a)) is not None}
    names = {a: _name(namespace, service) for a, service in called.items()}
    return Mesh(
        workloads={(w := _workload(world, t, t.view, names, diagnostics)).id: w for t in tasks if t.view is not None},
        services={names[a]: _service(world, service, names[a]) for a, service in called.items()},
        destinations={names[a]: _destination(service, names[a]) for a, service in called.items()},
        groups={names[a]: _group(world, service, names[a], diagnostics) for a, service in called.items()},
        diagnostics=tuple(diagnostics),
    )


def _name(namespace: Namespace, service: DiscoveryService) -> str:
    """Readable, and unique over all accounts and regions because the service's id is."""
    return f"{service.name}.{namespace.name}/{service.id}"


def _workload(
    world: World, task: Task, view: ConnectView, names: Mapping[DiscoveryServiceArn, str], diagnostics: list[Diagnostic]
) -> Workload:
    ports = proxy_ports(world.task_definitions[task.task_definition])
    return Workload(
        id=WorkloadId(task.arn),
        zone=task.availability_zone,
        ingress_port=ports.ingress,
        egress_port=ports.egress,
        inbound=_inbound(task, view, diagnostics),
        outbound=_outbound(task, view, names, diagnostics),
    )


def _inbound(task: Task, view: ConnectView, diagnostics: list[Diagnostic]) -> tuple[InboundPort, ...]:
    ports: dict[tuple[int | None, int], InboundPort] = {}
    for offer in view.offers:
        place = (offer.ingress_port, 0 if offer.ingress_port else offer.container_port)
        if place in ports:
            message = f"{offer.discovery_name} is left out: port {offer.reachable_port} is another offer's already"
            diagnostics.append(Diagnostic(task.arn, message))
            continue
        protocol = _protocol(offer.protocol)
        ports[place] = InboundPort(
            port=offer.container_port,
            protocol=protocol,
            timeouts=_timeouts(protocol, offer),
            connect_timeout=_APP_CONNECT_TIMEOUT,
            stat_name=f"ingress.{offer.discovery_name}",
            listen_port=offer.ingress_port,
            connection_idle=0 if protocol is Protocol.TCP else _APP_CONNECTION_IDLE,
            cut_request_status=_CUT_REQUEST if protocol in {Protocol.HTTP, Protocol.HTTP2} else None,
        )
    return tuple(ports.values())


def _outbound(
    task: Task, view: ConnectView, names: Mapping[DiscoveryServiceArn, str], diagnostics: list[Diagnostic]
) -> OutboundView:
    calls: dict[tuple[str, int], Call] = {}
    for seen in view.names:
        place = (seen.address, seen.port)
        if seen.target not in names:
            message = f"{seen.dns_name}:{seen.port} leads nowhere: its service is gone from the namespace"
            diagnostics.append(Diagnostic(task.arn, message))
        elif place in calls:
            message = f"{seen.dns_name}:{seen.port} is left out: another name has its address and port"
            diagnostics.append(Diagnostic(task.arn, message))
        else:
            calls[place] = Call(seen.address, seen.port, names[seen.target])
    return OutboundView(tuple(calls.values()))


def _service(world: World, service: DiscoveryService, name: str) -> Service:
    protocol = _protocol(service.protocol)
    timeouts = _timeouts(protocol, _live_offer(world, service))
    routing: RouteTable | StreamSplit
    match protocol:
        case Protocol.TCP:
            routing = StreamSplit(name, timeouts, connect_attempts=1 + _RETRIES)
        case Protocol.GRPC:
            routing = RouteTable((Rule(name, timeouts, retry=_RETRY_GRPC),))
        case _:
            repeatable = Rule(name, timeouts, Match(methods=_REPEATABLE), _RETRY_REPEATABLE)
            routing = RouteTable((repeatable, Rule(name, timeouts, retry=_RETRY_UNSENT)))
    return Service(name, protocol, routing, stat_name=f"egress.{service.name}")


def _live_offer(world: World, service: DiscoveryService) -> Offer | None:
    """What the service's newest deployment says of this port: callers follow it without a deployment of their own."""
    owner = world.services.get(service.owner)
    view = None if owner is None else owner.primary.view
    if view is None:
        return None
    return next((o for o in view.offers if o.discovery_service == service.arn), None)


def _destination(service: DiscoveryService, name: str) -> Destination:
    return Destination(
        name=name,
        group=name,
        protocol=_protocol(service.protocol),
        connect_timeout=_CONNECT_TIMEOUT,
        outlier=_OUTLIER,
        stat_name=f"egress.{service.name}",
    )


def _group(world: World, service: DiscoveryService, name: str, diagnostics: list[Diagnostic]) -> EndpointGroup:
    members = []
    for instance in world.discovery_instances.by("service", service.arn):
        member = _member(instance)
        if member is None:
            message = f"instance {instance.id} is left out: it needs {INSTANCE_IPV4} and {INSTANCE_PORT}"
            diagnostics.append(Diagnostic(service.arn, message))
        else:
            members.append(member)
    return EndpointGroup(name, tuple(sorted(set(members))))


def _member(instance: DiscoveryInstance) -> Member | None:
    attributes = instance.attributes
    try:
        address = str(IPv4Address(attributes.get(INSTANCE_IPV4, "")))
        port = int(attributes.get(INSTANCE_PORT, ""))
    except (AddressValueError, ValueError):
        return None
    return Member(attributes.get(ZONE, ""), address, port) if 0 < port <= _MAX_PORT else None


def _protocol(app_protocol: str | None) -> Protocol:
    return Protocol.TCP if app_protocol is None else Protocol(app_protocol)


def _timeouts(protocol: Protocol, offer: Offer | None) -> TimeoutPolicy:
    is_tcp = protocol is Protocol.TCP
    request = None if offer is None else offer.per_request_timeout_seconds
    idle = None if offer is None else offer.idle_timeout_seconds
    return TimeoutPolicy(
        request=0 if is_tcp else _REQUEST_TIMEOUT if request is None else request,
        idle=idle if idle is not None else _TCP_IDLE if is_tcp else _HTTP_IDLE,
    )
