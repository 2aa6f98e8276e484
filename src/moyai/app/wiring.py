"""Chooses the adapters of ports and the services of the API gateway; `runtimes` chooses the runtime."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

from moyai.api.acm.service import acm
from moyai.api.acmpca.service import acmpca
from moyai.api.appmesh.service import appmesh
from moyai.api.autoscaling.service import AUTOSCALING
from moyai.api.cloudmap.service import cloudmap
from moyai.api.cloudwatch.service import cloudwatch
from moyai.api.ec2.service import EC2
from moyai.api.ecs.service import ecs
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.logs.service import logs
from moyai.api.operation import ApiService
from moyai.api.ram.service import RAM
from moyai.api.secretsmanager.service import SECRETS_MANAGER
from moyai.api.ssm.service import SSM
from moyai.api.sts.service import STS
from moyai.app.adapters.health_probes import NetworkProbes
from moyai.app.config import CloudMapSettings, Settings, TlsSettings
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.kernel.clock import Clock, Seconds
from moyai.pki.library import CryptographyPki
from moyai.ports.logs import LogStore
from moyai.ports.metric_store import MetricStore
from moyai.ports.metrics import MetricReader, MetricWriter
from moyai.ports.store import Store
from moyai.reconcile.certificates import CertificateLoop
from moyai.reconcile.health_checks import LOOPBACK, CheckSettings, HealthChecker
from moyai.reconcile.ports import ReconcilerPorts
from moyai.store.log_sqlite import SqliteLogStore
from moyai.store.metric_sqlite import SqliteMetricStore


def open_logs(settings: Settings) -> LogStore:
    """Open the store of log events. Raises LogStoreFault."""
    return SqliteLogStore.open(settings.state.log_events, settings.logs.limit)


def open_metrics(settings: Settings, clock: Clock) -> MetricStore:
    """Open the store of metrics. Raises MetricStoreFault."""
    return SqliteMetricStore.open(settings.state.metrics, settings.metrics.limit, clock)


async def faults(store: Store, logs: LogStore, metrics: MetricStore) -> Sequence[str]:
    """Why these stores can't write at the moment: a sentence for each that can't."""
    return [fault for fault in (store.fault, await logs.fault(), metrics.fault) if fault is not None]


def services(
    metrics: MetricReader,
    writer: MetricWriter,
    events: LogStore,
    settings: Settings,
    exec_sessions: ExecSessionRegistry,
    clock: Clock,
) -> Sequence[ApiService]:
    """The AWS services of the API gateway."""
    limits = settings.cloud_map
    quotas = CloudMapQuotas(limits.namespaces, limits.instances_per_service, limits.instances_per_namespace)
    pki = CryptographyPki()
    return (
        ecs(exec_sessions),
        cloudmap(quotas),
        appmesh(settings.app_mesh.quotas),
        EC2,
        STS,
        RAM,
        SSM,
        SECRETS_MANAGER,
        AUTOSCALING,
        cloudwatch(metrics, writer, clock),
        acmpca(pki),
        acm(pki),
        logs(events),
    )


def make_health_checker(settings: CloudMapSettings, store: Store, clock: Clock) -> HealthChecker:
    """The loop of Cloud Map's health checks. Raises ValueError for an invalid network."""
    networks = (*LOOPBACK, *map(ip_network, settings.check_networks))
    return HealthChecker(store, clock, NetworkProbes(), CheckSettings(Seconds(settings.check_interval), networks))


def make_certificate_loop(settings: TlsSettings, ports: ReconcilerPorts) -> CertificateLoop:
    """The loop that makes keys and certificates."""
    return CertificateLoop(ports, CryptographyPki(), settings.certificate_renewal)
