"""The workload of a task: the ports that its proxy serves, and the services that the task can call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.connect.config import AccessLogConfiguration, AccessLogFormat
from moyai.domain.connect.names import ConnectView, ProxyPorts
from moyai.kernel.ids import DiscoveryServiceArn, ServiceArn, WorkloadId
from moyai.mesh.ir import Diagnostic, InboundPort, OutboundView, Protocol, ServiceAddress, StdoutLog, Workload
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


class WorkloadContext(NamedTuple):
    """The inputs of a task's workload besides the task: its namespace, its proxy's ports, the streaming paths of its
    service, the names of services in the mesh, whether proxies trace, and its network if others are separated from it.
    """

    namespace: Namespace
    ports: ProxyPorts
    streaming: tuple[str, ...]
    names: Mapping[DiscoveryServiceArn, str]
    traced: bool = False
    network: str = ""


def workload_of(task: ConnectTask, context: WorkloadContext, diagnostics: list[Diagnostic]) -> Workload:
    """The workload of a task in the namespace. Parts that are left out are reported in ``diagnostics``."""
    view = task.view or ConnectView(context.namespace.arn)
    return Workload(
        id=WorkloadId(task.arn),
        zone=task.zone,
        ingress_port=context.ports.ingress,
        egress_port=context.ports.egress,
        inbound=_inbound(task, view, context.streaming, diagnostics),
        outbound=_outbound(task, view, context.names, diagnostics),
        peers=peers_name(context.namespace, task),
        access_log=None if view.access_log is None else _access_log(view.access_log),
        traced=context.traced,
        network=context.network,
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


def _inbound(
    task: ConnectTask, view: ConnectView, streaming: tuple[str, ...], diagnostics: list[Diagnostic]
) -> tuple[InboundPort, ...]:
    ports: dict[tuple[int | None, int], InboundPort] = {}
    for offer in view.offers:
        listener = (offer.ingress_port, 0 if offer.ingress_port else offer.container_port)
        if listener in ports:
            message = f"{offer.discovery_name} is left out: port {offer.reachable_port} is another offer's already"
            diagnostics.append(Diagnostic(task.arn, message))
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


def _outbound(
    task: ConnectTask, view: ConnectView, names: Mapping[DiscoveryServiceArn, str], diagnostics: list[Diagnostic]
) -> OutboundView:
    calls: dict[tuple[str, int], ServiceAddress] = {}
    for name in view.names:
        address = (name.address, name.port)
        if name.target not in names:
            if name.left_at is not None:
                continue
            message = f"calls to {name.dns_name}:{name.port} fail: its service is no longer in the namespace"
            diagnostics.append(Diagnostic(task.arn, message))
        elif address in calls:
            message = f"{name.dns_name}:{name.port} is left out: another name has its address and port"
            diagnostics.append(Diagnostic(task.arn, message))
        else:
            calls[address] = ServiceAddress(name.address, name.port, names[name.target])
    return OutboundView(tuple(calls.values()))
