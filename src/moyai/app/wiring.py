"""Chooses the adapters for ports and the services of the API gateway; `runtimes` chooses the runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from botocore.model import ServiceModel
from msgspec import structs

from moyai.api.acm import service as acm
from moyai.api.acmpca import service as acmpca
from moyai.api.appmesh import service as appmesh
from moyai.api.autoscaling import service as autoscaling
from moyai.api.cloudformation import service as cloudformation
from moyai.api.cloudmap import service as cloudmap
from moyai.api.cloudwatch import service as cloudwatch
from moyai.api.control.handlers import ControlDependencies
from moyai.api.ec2 import service as ec2
from moyai.api.ecr import service as ecr
from moyai.api.ecs import service as ecs
from moyai.api.efs import service as efs
from moyai.api.elbv2 import service as elbv2
from moyai.api.eventbridge import service as eventbridge
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.logs import service as logs
from moyai.api.models import load_models
from moyai.api.operation import DeferredService
from moyai.api.ram import service as ram
from moyai.api.resourcetags import service as resourcetags
from moyai.api.route53 import service as route53
from moyai.api.scheduler import service as scheduler
from moyai.api.secretsmanager import service as secretsmanager
from moyai.api.sigv4 import KeyStore
from moyai.api.ssm import service as ssm
from moyai.api.sts import service as sts
from moyai.app.adapters.access_keys import AccessKeys
from moyai.app.adapters.gateway_caller import GatewayCaller
from moyai.app.adapters.health_probes import NetworkProbes
from moyai.app.adapters.local_images import StoredImages
from moyai.app.config import CloudMapSettings, RuntimeKind, Settings, TlsSettings
from moyai.app.images import make_images
from moyai.app.stack_loop import DeferredStackLoop
from moyai.console.app import Console, ConsoleEndpoint
from moyai.console.events import Events
from moyai.console.files import Files
from moyai.console.findings import FindingsEndpoint
from moyai.console.gateway import GatewayPorts
from moyai.console.images import ImagesEndpoint
from moyai.console.logins import Logins
from moyai.console.output import ContainerOutput
from moyai.console.session import Home, Sessions
from moyai.console.traces import TracesEndpoint
from moyai.delegate.choice import Delegates
from moyai.delegate.embedded import EmbeddedServer
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.defaults import Defaults, ProxyTopology
from moyai.domain.efs.file_system import FileSystem
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import Ids
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.pki.library import CryptographyPki
from moyai.ports.blobs import BlobStore
from moyai.ports.delegate import Delegate, ServiceOwner
from moyai.ports.dns import ServedZones
from moyai.ports.logs import LogStore
from moyai.ports.metric_store import MetricStore
from moyai.ports.metrics import MetricReader, MetricWriter
from moyai.ports.store import Store
from moyai.reconcile.certificates import CertificateLoop
from moyai.reconcile.ecs_events import EcsEventLoop
from moyai.reconcile.event_rules import EventRuleLoop
from moyai.reconcile.health_checks import LOOPBACK, CheckSettings, HealthChecker
from moyai.reconcile.log_subscriptions import LogSubscriptionLoop
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.queue_metrics import QueueMetricsLoop
from moyai.reconcile.schedules import ScheduleLoop
from moyai.store.blob_files import BlobFiles
from moyai.store.log_sqlite import SqliteLogStore
from moyai.store.metric_sqlite import SqliteMetricStore
from moyai.telemetry.front_logs.collector import FrontLogCollector
from moyai.telemetry.front_logs.files import LogFiles
from moyai.telemetry.log_metrics import MeteredLogs


def open_logs(settings: Settings) -> LogStore:
    """Open the store of log events. Raises LogStoreFault."""
    return SqliteLogStore.open(settings.state.log_events, settings.logs.limit)


def open_metrics(settings: Settings, clock: Clock) -> MetricStore:
    """Open the store of metrics. Raises MetricStoreFault."""
    return SqliteMetricStore.open(settings.state.metrics, settings.metrics.limit, clock)


def open_registry(settings: Settings, clock: Clock) -> BlobFiles:
    """Open the store of the registry's images. Raises OSError."""
    return BlobFiles.open_blobs(settings.state.registry, clock)


def make_delegate(settings: Settings, store: Store, clock: Clock, version: str) -> Delegates:
    """The delegate, which answers the services that moyai does not implement. It starts nothing before the first
    request.
    """
    return Delegates(settings.delegate, EmbeddedServer(settings.state.delegate, clock, version), store)


async def faults(store: Store, logs: LogStore, metrics: MetricStore) -> Sequence[str]:
    """Why these stores can't write at the moment: a sentence for each that can't."""
    return [fault for fault in (store.fault, await logs.fault(), metrics.fault) if fault is not None]


class ServicePorts(NamedTuple):
    """The ports that the services of the API gateway use, besides the store."""

    metrics: MetricReader
    metric_writer: MetricWriter
    logs: LogStore
    blobs: BlobStore
    exec_sessions: ExecSessionRegistry
    clock: Clock
    served_zones: ServedZones


def services(ports: ServicePorts, settings: Settings, delegate: Delegate | None) -> Sequence[DeferredService]:
    """The AWS services of the API gateway. ``delegate``: answers all others."""
    limits = settings.cloud_map
    quotas = CloudMapQuotas(limits.namespaces, limits.instances_per_service, limits.instances_per_namespace)
    pki = CryptographyPki()
    return (
        DeferredService("ecr", lambda: ecr.ecr(ports.blobs)),
        DeferredService("ecs", lambda: ecs.ecs(ports.exec_sessions)),
        DeferredService("servicediscovery", lambda: cloudmap.cloudmap(quotas)),
        DeferredService("appmesh", lambda: appmesh.appmesh(settings.app_mesh.quotas)),
        DeferredService("cloudformation", lambda: cloudformation.cloudformation(delegate)),
        DeferredService("ec2", lambda: ec2.EC2),
        DeferredService("efs", lambda: efs.EFS),
        DeferredService("elbv2", lambda: elbv2.ELBV2),
        DeferredService("sts", lambda: sts.STS),
        DeferredService("ram", lambda: ram.RAM),
        DeferredService("ssm", lambda: ssm.SSM),
        DeferredService("scheduler", lambda: scheduler.SCHEDULER),
        DeferredService("events", lambda: eventbridge.EVENT_BRIDGE),
        DeferredService("secretsmanager", lambda: secretsmanager.SECRETS_MANAGER),
        DeferredService("application-autoscaling", lambda: autoscaling.AUTOSCALING),
        DeferredService("resourcegroupstaggingapi", lambda: resourcetags.RESOURCE_TAGS),
        DeferredService("cloudwatch", lambda: cloudwatch.cloudwatch(ports.metrics, ports.metric_writer, ports.clock)),
        DeferredService("acm-pca", lambda: acmpca.acmpca(pki)),
        DeferredService("acm", lambda: acm.acm(pki)),
        DeferredService("logs", lambda: logs.logs(ports.logs)),
        DeferredService("route53", lambda: route53.route53(ports.served_zones)),
    )


class Gateways:
    """Makes API gateways with the same services."""

    def __init__(self, ports: ServicePorts, settings: Settings, dependencies: GatewayDependencies) -> None:
        self._ports, self._settings, self._dependencies = ports, settings, dependencies
        self.models: Mapping[str, ServiceModel] = load_models()

    def owners(self) -> Sequence[ServiceOwner]:
        """Which server answers each service."""
        own = [ServiceOwner(model.signing_name, "moyai", durable=True) for model in self.models.values()]
        delegate = self._dependencies.delegate
        others = [] if delegate is None else delegate.owners()
        return [*sorted(own, key=lambda owner: owner.service), *others]

    def make(self, keys: KeyStore | None = None, *, sessions_only: bool = False) -> ApiGateway:
        """A gateway that accepts these keys (None: any), or only those of roles' sessions."""
        dependencies = structs.replace(self._dependencies, keys=keys, sessions_only=sessions_only)
        return ApiGateway(services(self._ports, self._settings, dependencies.delegate), self.models, dependencies)


def make_health_checker(settings: CloudMapSettings, store: Store, clock: Clock) -> HealthChecker:
    """The loop of Cloud Map's health checks. Raises ValueError for an invalid network."""
    networks = (*LOOPBACK, *map(ip_network, settings.check_networks))
    return HealthChecker(store, clock, NetworkProbes(), CheckSettings(Seconds(settings.check_interval), networks))


def make_front_log_collector(settings: Settings, ports: ReconcilerPorts) -> FrontLogCollector:
    """The loop that writes the logs of load balancers. Raises OSError."""
    files = LogFiles(settings.state.balancer_logs, settings.logs.limit, ports.ids.alphanumeric)
    return FrontLogCollector(ports.store, ports.runtime, files, ports.clock)


def make_certificate_loop(settings: TlsSettings, ports: ReconcilerPorts) -> CertificateLoop:
    """The loop that makes keys and certificates."""
    return CertificateLoop(ports, CryptographyPki(), settings.certificate_renewal)


def make_calling_loops(
    ports: ReconcilerPorts, gateways: Gateways, port: int, metrics: MetricWriter, logs: MeteredLogs
) -> tuple[DeferredStackLoop, ScheduleLoop, EventRuleLoop, EcsEventLoop, QueueMetricsLoop, LogSubscriptionLoop]:
    """The loops that call a gateway: for the resources of stacks, the tasks of schedules, the events of rules, the
    lengths of queues, and the subscribers of logs. ``port``: at which callers reach the API.
    """
    caller = GatewayCaller(gateways.make(), gateways.models, ports.clock, f"127.0.0.1:{port}")
    store, clock, ids = ports.store, ports.clock, ports.ids
    return (
        DeferredStackLoop(store, caller, clock, ids),
        ScheduleLoop(store, caller, clock),
        EventRuleLoop(store, caller, clock, ids),
        EcsEventLoop(store, caller, clock, ids),
        QueueMetricsLoop(store, caller, metrics, clock),
        LogSubscriptionLoop(logs.deliveries, caller, clock, ids),
    )


def make_console(
    control: ControlDependencies, keys: AccessKeys | None, events: Events, ids: Ids, settings: Settings
) -> Console:
    """The console; it asks for a login where there are access keys."""
    logins = None if keys is None else Logins(keys, control.clock, ids)
    sessions = Sessions(control.store, logins, Home(control.version, DEFAULT_SCOPE))
    has_images = settings.runtime is RuntimeKind.LINUX
    images = StoredImages(make_images(settings.state)) if has_images else None
    endpoints: Mapping[str, ConsoleEndpoint] = {
        "findings": FindingsEndpoint(control.store),
        "gateway": GatewayPorts(control.store, control.gateway_ports),
        "images": ImagesEndpoint(control.store, images),
        "output": ContainerOutput(control.store, control.runtime),
        "traces": TracesEndpoint(control.spans, control.clock),
    }
    return Console(Files(), sessions, events, endpoints)


def defaults_of(settings: Settings) -> Defaults:
    """The settings that the planner reads."""
    traced = settings.metrics.trace_sampling > 0
    gateway = settings.public_gateway
    return Defaults(
        settings.resources.live_endpoints,
        traced=traced,
        proxy=settings.proxy.topology or ProxyTopology.SIDECAR,
        elb_domain=gateway.elb_domain,
        gateway_http_port=gateway.http_port,
        gateway_https_port=gateway.https_port,
        skipped_types=settings.resources.skipped_types,
    )


def changes_of_reset(world: World, now: Instant) -> list[Change]:
    """The deletion of all records but those of file systems. These are marked as deleted, and removed together with
    their contents, so that a reset that is killed leaves no contents on the disk. No operation shows them.
    """
    return [
        Put(structs.replace(record, deleted_at=now, is_hidden=True))
        if isinstance(record, FileSystem)
        else Delete(type(record), record.key)
        for record in tuple(world.records())
    ]
