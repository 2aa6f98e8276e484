"""Which adapter stands behind which port, and which services behind the door; `runtimes` has what runs tasks."""

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
from moyai.api.exec_sessions import ExecSessions
from moyai.api.logs.service import logs
from moyai.api.operation import Service
from moyai.api.ram.service import RAM
from moyai.api.secretsmanager.service import SECRETS_MANAGER
from moyai.api.ssm.service import SSM
from moyai.api.sts.service import STS
from moyai.app.config import CloudMapSettings, Settings, TlsSettings
from moyai.app.probes import NetworkProbes
from moyai.domain.cloudmap.quotas import Quotas
from moyai.kernel.clock import Clock, Seconds
from moyai.pki.library import CryptographyPki
from moyai.ports.logs import LogStore
from moyai.ports.metric_store import MetricStore
from moyai.ports.metrics import MetricReader, MetricWriter
from moyai.ports.store import Store
from moyai.reconcile.certifier import Certifier
from moyai.reconcile.health import LOOPBACK, CheckSettings, HealthChecker
from moyai.reconcile.surroundings import Surroundings
from moyai.store.log_sqlite import SqliteLogStore
from moyai.store.metric_sqlite import SqliteMetricStore


def open_logs(settings: Settings) -> LogStore:
    """Where log events are kept. Raises LogStoreFault."""
    return SqliteLogStore.open(settings.state.log_events, settings.logs.limit)


def open_metrics(settings: Settings, clock: Clock) -> MetricStore:
    """Where metrics are kept. Raises MetricStoreFault."""
    return SqliteMetricStore.open(settings.state.metrics, settings.metrics.limit, clock)


async def faults(store: Store, logs: LogStore, metrics: MetricStore) -> Sequence[str]:
    """Why something can't be kept at the moment: a sentence for each of these that refuses."""
    found = (store.fault, await logs.fault(), metrics.fault)
    return [fault for fault in found if fault is not None]


def services(
    metrics: MetricReader,
    writer: MetricWriter,
    events: LogStore,
    settings: Settings,
    exec_sessions: ExecSessions,
    clock: Clock,
) -> Sequence[Service]:
    """Every AWS service with operations of its own."""
    within = settings.cloud_map
    quotas = Quotas(within.namespaces, within.instances_per_service, within.instances_per_namespace)
    watched, pki = cloudwatch(metrics, writer, clock), CryptographyPki()
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
        watched,
        acmpca(pki),
        acm(pki),
        logs(events),
    )


def make_checker(settings: CloudMapSettings, store: Store, clock: Clock) -> HealthChecker:
    """Who makes Cloud Map's health checks. Raises ValueError for a network that is none."""
    networks = (*LOOPBACK, *map(ip_network, settings.check_networks))
    return HealthChecker(store, clock, NetworkProbes(), CheckSettings(Seconds(settings.check_interval), networks))


def make_certifier(settings: TlsSettings, around: Surroundings) -> Certifier:
    """Who makes keys and certificates."""
    return Certifier(around, CryptographyPki(), settings.certificate_renewal)
