"""The settings of the process.

A setting comes from its command-line option, else from the environment variable that the option names, else from the
default here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

import msgspec

from moyai.app.state_paths import StatePaths
from moyai.delegate.settings import DelegateChoice
from moyai.domain.appmesh.quotas import AppMeshQuotas
from moyai.domain.defaults import ELB_DOMAIN, ProxyTopology
from moyai.images.pull_behavior import PullBehavior
from moyai.images.registry.settings import RegistrySettings
from moyai.kernel.url import is_http_url

DEFAULT_PORT = 4566
DEFAULT_DNS_PORT = 8653
CERTIFICATE_RENEWAL = 5 * 86400.0
STATS_INTERVAL = 5.0
DEFAULT_LOG_LIMIT = 4 * 1024**3
DEFAULT_METRIC_LIMIT = 2 * 1024**3
DEFAULT_STATE = Path("/var/lib/moyai")
ENGINES = (Path("/var/run/docker.sock"), Path("/run/podman/podman.sock"))
"""The sockets of the engines that root starts."""
EXTERNAL_SERVER_NAME = "xds.moyai.internal"
"""The server name in the certificate of the TCP listener for external proxies, if moyai issues it."""
EXTERNAL_CA_FILE = "ca.pem"
"""The file with the authority that external proxies trust, in the folder of that listener's keys."""


class RuntimeKind(StrEnum):
    """The runtime that runs tasks."""

    LINUX = "linux"
    SIM = "sim"


class ServerSettings(msgspec.Struct, frozen=True):
    """The API gateway of all AWS services, and the registry."""

    listen: str = "127.0.0.1"
    """Address to listen on. Any address but loopback needs access keys, and requests need signatures."""
    port: int = DEFAULT_PORT
    """TCP port; 0 takes a free one."""
    body_limit: int = 2 * 1024 * 1024
    """Largest request body, in bytes."""
    create_on_push: bool = True
    """Whether a push of an image creates a repository that does not exist."""
    published_address: str | None = None
    """The address of its host at which a container publishes ``port``; None outside of a container."""
    published_port: int | None = None
    """The port at that address, which need not be ``port``."""

    @property
    def has_valid_address(self) -> bool:
        """Whether ``listen`` is a valid address to listen on."""
        try:
            return self.listen == "localhost" or bool(ip_address(self.listen))
        except ValueError:
            return False

    @property
    def listen_address(self) -> str:
        """``listen`` as an IP address."""
        return "127.0.0.1" if self.listen == "localhost" else self.listen

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        return self.listen == "localhost" or ip_address(self.listen).is_loopback

    @property
    def published_on_loopback(self) -> bool:
        """Whether a container publishes the port on its host's loopback. Then callers from there need no keys, as on
        ``loopback``, and callers in the container's networks are rejected.
        """
        return self.published_address is not None and ip_address(self.published_address).is_loopback

    @property
    def needs_keys(self) -> bool:
        """Whether requests need signatures with access keys; else any credentials are accepted."""
        return not self.loopback and not self.published_on_loopback

    @property
    def host(self) -> str:
        """The address in the form of a URL's host."""
        return f"[{self.listen}]" if ":" in self.listen else self.listen


class ProxySettings(msgspec.Struct, frozen=True):
    """Settings of the proxies, which are the same for all tasks."""

    stats_interval: float = STATS_INTERVAL
    """Seconds between two exports of a proxy's statistics."""
    topology: ProxyTopology | None = None
    """The topology of new tasks in clusters that don't specify one; None = shared where this machine can."""
    reason: str = ""
    """The reason for the topology, for messages."""

    @property
    def choice(self) -> str:
        """What new tasks have in clusters that don't specify it, and why."""
        has = "new tasks share one" if self.topology is ProxyTopology.NODE else "each new task has its own"
        return f"{has} ({self.reason})" if self.reason else has


class PublicGatewaySettings(msgspec.Struct, frozen=True):
    """Ports of this machine at which public ports of tasks can be reached, besides their addresses 127.83.x.y. They are
    at the address on which the API gateway listens.
    """

    ports: range = range(0)
    """Ports of which each leads to one public port."""
    http_port: int | None = None
    """The port whose HTTP requests are routed by the name of a service, ``http://SERVICE.CLUSTER.localhost``."""
    https_port: int | None = None
    """The port whose TLS connections are routed by the server name, to load balancers with a certificate for it."""
    elb_domain: str = ELB_DOMAIN
    """The domain of the DNS names of new load balancers."""


class TlsSettings(msgspec.Struct, frozen=True):
    """Settings of the encryption between proxies."""

    certificate_renewal: float = CERTIFICATE_RENEWAL
    """Seconds after which a certificate is renewed; it is valid for two days more. On AWS these are five days."""


class DnsSettings(msgspec.Struct, frozen=True):
    """The DNS server of this machine."""

    port: int = DEFAULT_DNS_PORT
    """UDP and TCP port on 127.0.0.1; 0 takes a free one. If the port is in use, there is a warning and no server."""


class CloudMapSettings(msgspec.Struct, frozen=True):
    """Cloud Map's quotas, with AWS's defaults, and its health checks, which Route 53 makes on AWS."""

    namespaces: int = 50
    """Namespaces of one account and region."""
    instances_per_service: int = 1000
    """Instances of one service. AWS does not raise this quota."""
    instances_per_namespace: int = 2000
    """Instances of all services of a namespace together."""
    check_interval: float = 30.0
    """Seconds between two checks of one instance."""
    check_networks: tuple[str, ...] = ()
    """Networks (``10.0.0.0/8``) whose addresses are checked, besides loopback. Other addresses are never contacted."""


class AppMeshSettings(msgspec.Struct, frozen=True):
    """App Mesh, and the listeners for external proxies."""

    quotas: AppMeshQuotas = AppMeshQuotas()
    """App Mesh's quotas, by default AWS's."""
    socket: Path | None = None
    """The Unix socket for external proxies; None = in the state directory."""
    group: int = 0
    """The gid that may connect to the socket, besides root."""
    xds: str | None = None
    """``host:port`` of the TLS listener for external proxies; None = no listener."""
    certificate: Path | None = None
    """PEM: that listener's certificate, with its chain; None = one that its own authority issues."""
    private_key: Path | None = None
    """PEM: the private key of ``certificate``."""
    client_authority: Path | None = None
    """PEM: the authorities that issue the proxies' certificates; None = proxies authenticate with tokens."""
    passed_names: tuple[str, ...] = ()
    """Server names to which virtual nodes may open TLS connections, whatever the egress filter of their mesh says."""


class LogSettings(msgspec.Struct, frozen=True):
    """The events of CloudWatch Logs."""

    limit: int = DEFAULT_LOG_LIMIT
    """Bytes of disk for all events together; beyond this limit the oldest events are deleted."""


@dataclass(frozen=True)  # not a Struct, whose repr would have the headers
class MetricSettings:
    """The storage of metrics, the sampling of traces, and the export of both."""

    limit: int = DEFAULT_METRIC_LIMIT
    """Bytes of disk for all metrics; beyond this limit the oldest hours are deleted."""
    otlp_endpoint: str | None = None
    """URL of an OpenTelemetry collector that also gets the mesh's metrics and traces."""
    otlp_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers of each request to it. They may contain tokens, so they are never logged."""

    trace_sampling: float = 0
    """Percent of requests that are traced; 0 = none, and no request gets a trace header."""

    @property
    def otlp_is_url(self) -> bool:
        """Whether ``otlp_endpoint`` is an HTTP URL."""
        return is_http_url(self.otlp_endpoint or "")


class MachineSettings(msgspec.Struct, frozen=True):
    """The container instances that this machine is registered as."""

    instances: int = 0
    """The number of container instances."""
    cpu: int | None = None
    """CPU units of each; None: an equal part of the machine's."""
    memory: int | None = None
    """MiB of memory of each; None: an equal part of the machine's."""
    cluster: str = "default"
    """The cluster of the container instances, which is created if it does not exist."""
    region: str = "us-east-1"
    """The region of that cluster."""


class TrustSettings(msgspec.Struct, frozen=True):
    """The privileges on this machine that task definitions may use."""

    host_volumes: tuple[Path, ...] = ()
    """Directories below which a volume's ``host.sourcePath`` may be. None by default, because they make this machine's
    files readable to every caller of the API."""
    capabilities: bool = False
    """Whether a container may have capabilities that have an effect outside it."""


class ImageSettings(msgspec.Struct, frozen=True):
    """The settings of image pulls."""

    registries: RegistrySettings = RegistrySettings()
    pull_behavior: PullBehavior = PullBehavior.DEFAULT
    names: Mapping[str, str] = {}
    """Names of images that are replaced by others, as ``parse_mappings`` returns them."""
    engines: tuple[Path, ...] = ENGINES
    """The sockets of local engines, in the order in which they are asked. An engine that is missing has no images."""


class ResourceSettings(msgspec.Struct, frozen=True):
    """The defaults of operations and the planner for what a resource does not specify."""

    live_endpoints: bool = False
    """Whether running tasks see new names, in clusters that don't specify it."""
    skipped_types: tuple[str, ...] = ()
    """The resource types that stacks skip: they make no resources of them."""


class Settings(msgspec.Struct, frozen=True):
    """The settings of a control plane, by the part that reads them."""

    state: StatePaths = StatePaths(DEFAULT_STATE)
    runtime: RuntimeKind = RuntimeKind.LINUX
    server: ServerSettings = ServerSettings()
    public_gateway: PublicGatewaySettings = PublicGatewaySettings()
    proxy: ProxySettings = ProxySettings()
    dns: DnsSettings = DnsSettings()
    tls: TlsSettings = TlsSettings()
    cloud_map: CloudMapSettings = CloudMapSettings()
    app_mesh: AppMeshSettings = AppMeshSettings()
    logs: LogSettings = LogSettings()
    metrics: MetricSettings = MetricSettings()
    machine: MachineSettings = MachineSettings()
    trust: TrustSettings = TrustSettings()
    images: ImageSettings = ImageSettings()
    delegate: DelegateChoice = DelegateChoice()
    resources: ResourceSettings = ResourceSettings()


def own_bin() -> Path:
    """The folder with moyai's Python and commands, which is first on the PATH of ``moyai.local/host``."""
    return Path(sys.executable).parent
