"""Every setting there is, read once.

Settings come from the command line first, then from the environment variable that an option names, then from
the defaults here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from moyai.domain.appmesh.quotas import Quotas as AppMeshQuotas
from moyai.kernel.url import is_http_url

DEFAULT_PORT = 4566
DEFAULT_DNS_PORT = 8653
CERTIFICATE_RENEWAL = 5 * 86400.0
STATS_INTERVAL = 5.0
DEFAULT_LOG_LIMIT = 4 * 1024**3
DEFAULT_METRIC_LIMIT = 2 * 1024**3
DEFAULT_STATE = Path("/var/lib/moyai")
GUEST_SERVER_NAME = "xds.moyai.internal"
"""Whose certificate the TCP door of guests has, if it is its own."""
GUEST_CA_FILE = "ca.pem"
"""What guests are to trust, in the folder of that door's own keys."""


class RuntimeKind(StrEnum):
    """Where tasks run."""

    LINUX = "linux"
    SIM = "sim"


@dataclass(frozen=True)
class ServerSettings:
    """The one door for all AWS services."""

    listen: str = "127.0.0.1"
    """Address to listen on. Anything but loopback needs access keys, and then verifies signatures."""
    port: int = DEFAULT_PORT
    """TCP port; 0 takes a free one and prints it."""
    body_limit: int = 2 * 1024 * 1024
    """Largest request body, in bytes."""

    @property
    def listens_somewhere(self) -> bool:
        """Whether ``listen`` is an address at all."""
        try:
            return self.listen == "localhost" or bool(ip_address(self.listen))
        except ValueError:
            return False

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the door: then any credentials are accepted."""
        return self.listen == "localhost" or ip_address(self.listen).is_loopback

    @property
    def host(self) -> str:
        """The address as it stands in a URL."""
        return f"[{self.listen}]" if ":" in self.listen else self.listen


@dataclass(frozen=True)
class ProxySettings:
    """The Envoys."""

    stats_interval: float = STATS_INTERVAL
    """Seconds between two reports of a proxy's statistics."""


@dataclass(frozen=True)
class TlsSettings:
    """Encryption between proxies."""

    certificate_renewal: float = CERTIFICATE_RENEWAL
    """Seconds after which a certificate is renewed; it is valid for two days more. AWS: five days, valid for seven."""


@dataclass(frozen=True)
class DnsSettings:
    """The resolver that this machine itself may ask."""

    port: int = DEFAULT_DNS_PORT
    """UDP and TCP port on 127.0.0.1; 0 takes a free one. One that is taken stays whose it is, and the log says so."""


@dataclass(frozen=True)
class CloudMapSettings:
    """Cloud Map's quotas, as AWS begins with them, and the health checks that Route 53 would make."""

    namespaces: int = 50
    """Of one account and region."""
    instances_per_service: int = 1000
    """AWS does not raise this one."""
    instances_per_namespace: int = 2000
    """All services together."""
    check_interval: float = 30.0
    """Seconds between two checks of one instance."""
    check_networks: tuple[str, ...] = ()
    """Networks, as ``10.0.0.0/8``, whose addresses may be checked besides loopback. Nothing else is ever dialled."""


@dataclass(frozen=True)
class AppMeshSettings:
    """App Mesh, and how proxies that no task has are led."""

    quotas: AppMeshQuotas = field(default_factory=AppMeshQuotas)
    """As AWS began with them."""
    socket: Path | None = None
    """Where proxies that no task has ask for their configuration; None = in the state directory."""
    group: int = 0
    """The gid that may, besides root."""
    xds: str | None = None
    """``host:port`` where they may come in over TCP as well, with TLS; None = nowhere."""
    certificate: Path | None = None
    """PEM: what is shown there, with those above it; None = one of the door's own authority."""
    private_key: Path | None = None
    """Of ``certificate``."""
    client_authority: Path | None = None
    """PEM: the authorities of which a proxy there must show a certificate; None = proxies show a token."""
    passed_names: tuple[str, ...] = ()
    """Server names to which virtual nodes may open TLS connections, whatever their mesh filters."""


@dataclass(frozen=True)
class LogSettings:
    """The events of CloudWatch Logs."""

    limit: int = DEFAULT_LOG_LIMIT
    """Bytes of disk for all events together; beyond them those that came first go."""


@dataclass(frozen=True)
class MetricSettings:
    """What is kept of metrics."""

    limit: int = DEFAULT_METRIC_LIMIT
    """Bytes of disk for all of them; beyond them the oldest hours go."""
    otlp_endpoint: str | None = None
    """URL of an OpenTelemetry collector that gets the mesh's metrics as well."""
    otlp_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What each request to it has, tokens among it: no log shows them."""

    @property
    def otlp_is_url(self) -> bool:
        """Whether ``otlp_endpoint`` is an address that can be posted to."""
        return is_http_url(self.otlp_endpoint or "")


@dataclass(frozen=True)
class MachineSettings:
    """This machine as container instances."""

    instances: int = 0
    """How many it registers of itself."""
    cpu: int | None = None
    """CPU units of each; None divides the machine's."""
    memory: int | None = None
    """MiB of each; None divides the machine's."""
    cluster: str = "default"
    """The cluster that they are of; it is made where there is none."""
    region: str = "us-east-1"
    """The region of that cluster."""


@dataclass(frozen=True)
class TrustSettings:
    """What task definitions may have of this machine."""

    host_volumes: tuple[Path, ...] = ()
    """Directories below which a volume's ``host.sourcePath`` may lie; none at first, for whoever may call the API could
    read this machine's files otherwise."""
    capabilities: bool = False
    """Whether a container may have capabilities that reach beyond it."""


@dataclass(frozen=True)
class StatePaths:
    """What lies where under the state directory."""

    root: Path

    @property
    def database(self) -> Path:
        """The world."""
        return self.root / "moyai.db"

    @property
    def log_events(self) -> Path:
        """The events of CloudWatch Logs."""
        return self.root / "logs.db"

    @property
    def metrics(self) -> Path:
        """What was counted and measured."""
        return self.root / "metrics.db"

    @property
    def run(self) -> Path:
        """Sockets, and what else lives only as long as the machine is up."""
        return self.root / "run"

    @property
    def xds_socket(self) -> Path:
        """Where proxies fetch their configuration."""
        return self.run / "xds.sock"

    @property
    def statistics_socket(self) -> Path:
        """Where they leave their statistics."""
        return self.run / "statistics.sock"

    @property
    def guest_socket(self) -> Path:
        """Where proxies that no task has do both, unless another place was named."""
        return self.run / "appmesh.sock"

    @property
    def guest_keys(self) -> Path:
        """What is shown where they come in over TCP, and what they are to trust."""
        return self.root / "appmesh-xds"

    @property
    def guest_tokens(self) -> Path:
        """Digests of the tokens that they show there."""
        return self.root / "appmesh-tokens.json"

    @property
    def keys(self) -> Path:
        """The access keys that were issued."""
        return self.root / "keys.json"

    @property
    def everything(self) -> tuple[Path, ...]:
        """All that is ever made in it. The database goes last: while it is there, an interrupted removal can go on."""
        others = (
            "logs",
            "images",
            "volumes",
            "lock",
            "logs.db",
            "logs.db-wal",
            "logs.db-shm",
            "metrics.db",
            "metrics.db-wal",
            "metrics.db-shm",
            "metrics.db.unreadable",
            "moyai.db-wal",
            "moyai.db-shm",
        )
        return (
            self.run,
            self.keys,
            self.guest_keys,
            self.guest_tokens,
            *(self.root / name for name in others),
            self.database,
        )


@dataclass(frozen=True)
class Settings:
    """All of it."""

    state: StatePaths = field(default_factory=lambda: StatePaths(DEFAULT_STATE))
    runtime: RuntimeKind = RuntimeKind.LINUX
    server: ServerSettings = field(default_factory=ServerSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    dns: DnsSettings = field(default_factory=DnsSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    cloud_map: CloudMapSettings = field(default_factory=CloudMapSettings)
    app_mesh: AppMeshSettings = field(default_factory=AppMeshSettings)
    logs: LogSettings = field(default_factory=LogSettings)
    metrics: MetricSettings = field(default_factory=MetricSettings)
    machine: MachineSettings = field(default_factory=MachineSettings)
    trust: TrustSettings = field(default_factory=TrustSettings)
    live_endpoints: bool = False
    """Whether running tasks see new names, in clusters that don't say."""


def own_bin() -> Path:
    """The folder with moyai's own Python and commands; first on the PATH of ``moyai.local/host``."""
    return Path(sys.executable).parent
