"""A task's share of the mesh: what comes in through its proxy, and whom it can call."""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.connect.config import AccessLogConfiguration, AccessLogFormat
from moyai.domain.connect.names import ConnectView, proxy_ports
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, WorkloadId
from moyai.mesh.ir import AccessLog, Call, Diagnostic, InboundPort, OutboundView, Protocol, Workload
from moyai.mesh.service_connect.policies import (
    APP_CONNECT_TIMEOUT,
    APP_CONNECTION_IDLE,
    CUT_REQUEST,
    protocol_of,
    timeouts_of,
)
from moyai.mesh.service_connect.tls import server_tls
from moyai.mesh.service_connect.tuned import tuning_for
from moyai.mesh.service_connect.zones import peers_name


def workload_of(
    world: World,
    task: Task,
    namespace: Namespace,
    names: Mapping[DiscoveryServiceArn, str],
    diagnostics: list[Diagnostic],
) -> Workload:
    """The proxy of a task that is in the namespace. What can't be had is reported in ``diagnostics``."""
    view = task.view or ConnectView(namespace.arn)
    ports = proxy_ports(world.task_definitions[task.task_definition])
    return Workload(
        id=WorkloadId(task.arn),
        zone=task.availability_zone,
        ingress_port=ports.ingress,
        egress_port=ports.egress,
        inbound=_inbound(task, view, tuning_for(world, task.service, namespace.arn).streaming, diagnostics),
        outbound=_outbound(task, view, names, diagnostics),
        peers=peers_name(namespace, task),
        access_log=None if view.access_log is None else _access_log(view.access_log),
    )


def _access_log(asked: AccessLogConfiguration) -> AccessLog:
    return AccessLog(asked.format is AccessLogFormat.JSON, query=asked.include_query_parameters == "ENABLED")


def _inbound(
    task: Task, view: ConnectView, streaming: tuple[str, ...], diagnostics: list[Diagnostic]
) -> tuple[InboundPort, ...]:
    ports: dict[tuple[int | None, int], InboundPort] = {}
    for offer in view.offers:
        place = (offer.ingress_port, 0 if offer.ingress_port else offer.container_port)
        if place in ports:
            message = f"{offer.discovery_name} is left out: port {offer.reachable_port} is another offer's already"
            diagnostics.append(Diagnostic(task.arn, message))
            continue
        protocol = protocol_of(offer.protocol)
        ports[place] = InboundPort(
            port=offer.container_port,
            protocol=protocol,
            timeouts=timeouts_of(protocol, offer),
            connect_timeout=APP_CONNECT_TIMEOUT,
            stat_name=f"ingress.{offer.discovery_name}",
            listen_port=offer.ingress_port,
            connection_idle=0 if protocol is Protocol.TCP else APP_CONNECTION_IDLE,
            streaming=() if protocol is Protocol.TCP else streaming,
            cut_request_status=CUT_REQUEST if protocol in {Protocol.HTTP, Protocol.HTTP2} else None,
            tls=server_tls(offer),
        )
    return tuple(ports.values())


def _outbound(
    task: Task, view: ConnectView, names: Mapping[DiscoveryServiceArn, str], diagnostics: list[Diagnostic]
) -> OutboundView:
    calls: dict[tuple[str, int], Call] = {}
    for seen in view.names:
        place = (seen.address, seen.port)
        if seen.target not in names:
            if seen.left_at is not None:
                continue
            message = f"{seen.dns_name}:{seen.port} leads nowhere: its service is gone from the namespace"
            diagnostics.append(Diagnostic(task.arn, message))
        elif place in calls:
            message = f"{seen.dns_name}:{seen.port} is left out: another name has its address and port"
            diagnostics.append(Diagnostic(task.arn, message))
        else:
            calls[place] = Call(seen.address, seen.port, names[seen.target])
    return OutboundView(tuple(calls.values()))
