"""The workload of a task: the ports that its proxy serves, and the services that the task can call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.connect.config import AccessLogConfiguration, AccessLogFormat
from moyai.domain.connect.names import ConnectView, ProxyPorts
from moyai.kernel.ids import DiscoveryServiceArn, ServiceArn, TaskArn, TaskDefinitionArn, WorkloadId
from moyai.mesh.ir import InboundPort, OutboundView, Protocol, ServiceAddress, StdoutLog, Workload
from moyai.mesh.service_connect.policies import (
    APP_CONNECT_TIMEOUT,
    app_connection_idle,
    cut_request_status,
    inbound_stat_name,
    protocol_of,
    timeouts_of,
)
from moyai.mesh.service_connect.projections import ConnectTask
from moyai.mesh.service_connect.tls import server_tls
from moyai.mesh.service_connect.zones import peers_name


class ViewParts(NamedTuple):
    """The parts of a workload that are the same for all tasks with one view and one service. ``left_out``: why other
    parts of the view are missing, a sentence for each.
    """

    inbound: tuple[InboundPort, ...]
    outbound: OutboundView
    access_log: StdoutLog | None
    left_out: tuple[str, ...]


def parts_of_view(view: ConnectView, streaming: tuple[str, ...], names: Mapping[DiscoveryServiceArn, str]) -> ViewParts:
    """The parts of workloads with a view. ``streaming``: the streaming paths of their service; ``names``: those of
    services in the mesh.
    """
    left_out: list[str] = []
    return ViewParts(
        _inbound(view, streaming, left_out),
        _outbound(view, names, left_out),
        None if view.access_log is None else _access_log(view.access_log),
        tuple(left_out),
    )


class WorkloadContext(NamedTuple):
    """The inputs of all workloads of a namespace besides their tasks. ``ports``: those of proxies, by task definition;
    ``networks``: the network of each task that others are separated from.
    """

    namespace: Namespace
    ports: Mapping[TaskDefinitionArn, ProxyPorts]
    networks: Mapping[TaskArn, str]
    traced: bool


def workload_of(task: ConnectTask, parts: ViewParts, context: WorkloadContext) -> Workload:
    """The workload of a task. ``parts``: those of its view."""
    ports = context.ports[task.task_definition]
    return Workload(
        id=WorkloadId(task.arn),
        zone=task.zone,
        ingress_port=ports.ingress,
        egress_port=ports.egress,
        inbound=parts.inbound,
        outbound=parts.outbound,
        peers=peers_name(context.namespace, task),
        access_log=parts.access_log,
        traced=context.traced,
        network=context.networks.get(task.arn, ""),
    )


def logs_of_targets(tasks: Iterable[ConnectTask]) -> Mapping[ServiceArn | None, tuple[StdoutLog, ...]]:
    """The access logs of each ECS service's tasks."""
    logs: defaultdict[ServiceArn | None, dict[StdoutLog, None]] = defaultdict(dict)
    for task in tasks:
        if task.view is not None and task.view.access_log is not None:
            logs[task.service][_access_log(task.view.access_log)] = None
    return {service: tuple(sorted(each, key=lambda log: (log.json, log.query))) for service, each in logs.items()}


def _access_log(log: AccessLogConfiguration) -> StdoutLog:
    return StdoutLog(log.format is AccessLogFormat.JSON, query=log.include_query_parameters == "ENABLED")


def _inbound(view: ConnectView, streaming: tuple[str, ...], left_out: list[str]) -> tuple[InboundPort, ...]:
    ports: dict[tuple[int | None, int], InboundPort] = {}
    for offer in view.offers:
        listener = (offer.ingress_port, 0 if offer.ingress_port else offer.container_port)
        if listener in ports:
            reason = f"port {offer.reachable_port} is another offer's already"
            left_out.append(f"{offer.discovery_name} is left out: {reason}")
            continue
        protocol = protocol_of(offer.protocol)
        ports[listener] = InboundPort(
            port=offer.container_port,
            protocol=protocol,
            timeouts=timeouts_of(protocol, offer),
            connect_timeout=APP_CONNECT_TIMEOUT,
            stat_name=inbound_stat_name(offer.discovery_name),
            listen_port=offer.ingress_port,
            connection_idle=app_connection_idle(protocol),
            streaming=() if protocol is Protocol.TCP else streaming,
            cut_request_status=cut_request_status(protocol),
            tls=server_tls(offer),
        )
    return tuple(ports.values())


def _outbound(view: ConnectView, names: Mapping[DiscoveryServiceArn, str], left_out: list[str]) -> OutboundView:
    calls: dict[tuple[str, int], ServiceAddress] = {}
    for name in view.names:
        address = (name.address, name.port)
        if name.target not in names:
            if name.left_at is not None:
                continue
            left_out.append(f"calls to {name.dns_name}:{name.port} fail: its service is no longer in the namespace")
        elif address in calls:
            left_out.append(f"{name.dns_name}:{name.port} is left out: another name has its address and port")
        else:
            calls[address] = ServiceAddress(name.address, name.port, names[name.target])
    return OutboundView(tuple(calls.values()))
