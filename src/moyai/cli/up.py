"""``moyai up``: run the control plane in the foreground."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Mapping
from grp import getgrnam
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import typer
from msgspec.structs import replace

from moyai.app.config import (
    CERTIFICATE_RENEWAL,
    DEFAULT_DNS_PORT,
    DEFAULT_LOG_LIMIT,
    DEFAULT_METRIC_LIMIT,
    DEFAULT_PORT,
    STATS_INTERVAL,
    AppMeshSettings,
    CloudMapSettings,
    DnsSettings,
    LogSettings,
    MachineSettings,
    MetricSettings,
    ProxySettings,
    PublicGatewaySettings,
    RuntimeKind,
    ServerSettings,
    Settings,
    TlsSettings,
    TrustSettings,
)
from moyai.app.state_paths import StatePaths
from moyai.cli.image_options import DOCKER_CONFIG, image_settings, registry_settings
from moyai.cli.options import REGION, STATE, State, domain_name, hint_for_other_shells, host_and_port, port_range
from moyai.cli.text import echo
from moyai.cli.up_options import (
    AllowCapabilities,
    AppMeshCert,
    AppMeshClientCa,
    AppMeshGroup,
    AppMeshKey,
    AppMeshSocket,
    AppMeshXds,
    CertificateRenewal,
    CheckInterval,
    CheckNetworks,
    CreateOnPush,
    DelegateOption,
    DnsPort,
    DockerConfigDirectory,
    ElbDomain,
    GatewayHttpPort,
    GatewayHttpsPort,
    GatewayPorts,
    HostVolumes,
    ImageEngine,
    ImageMap,
    ImagePullBehavior,
    InsecureRegistries,
    InstanceCluster,
    InstanceCpu,
    InstanceMemory,
    InstanceRegion,
    Instances,
    Listen,
    LiveEndpoints,
    LogLimit,
    MetricsLimit,
    OtlpEndpoint,
    OtlpHeaders,
    PassedNames,
    Port,
    Proxy,
    PublishedAt,
    QuotaOption,
    RegistryMirrors,
    Runtime,
    SkipResourceTypes,
    StatsInterval,
    TraceSampling,
    delegate_choice,
    resource_settings,
)
from moyai.domain.appmesh.quotas import AppMeshQuotas
from moyai.domain.defaults import ELB_DOMAIN
from moyai.images.pull_behavior import PullBehavior

_MEGABYTE: Final = 1024 * 1024
_CHECK_INTERVAL: Final = CloudMapSettings().check_interval
_CLOUD_MAP_QUOTAS: Final = ("namespaces", "instances_per_service", "instances_per_namespace")
_APP_MESH_QUOTAS: Final = AppMeshQuotas.__struct_fields__
_LONGEST_NUMBER: Final = 9
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 § 5.6.2
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_SERVER_NAME: Final = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def up(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    state: State = STATE,
    listen: Listen = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    published_at: PublishedAt = None,
    gateway_ports: GatewayPorts = None,
    gateway_http_port: GatewayHttpPort = None,
    gateway_https_port: GatewayHttpsPort = None,
    elb_domain: ElbDomain = ELB_DOMAIN,
    runtime: Runtime = RuntimeKind.LINUX,
    stats_interval: StatsInterval = STATS_INTERVAL,
    dns_port: DnsPort = DEFAULT_DNS_PORT,
    quota: QuotaOption = None,
    check_interval: CheckInterval = _CHECK_INTERVAL,
    check_network: CheckNetworks = None,
    app_mesh_pass: PassedNames = None,
    live_endpoints: LiveEndpoints = False,
    proxy: Proxy = None,
    certificate_renewal: CertificateRenewal = CERTIFICATE_RENEWAL,
    log_limit: LogLimit = DEFAULT_LOG_LIMIT // _MEGABYTE,
    metrics_limit: MetricsLimit = DEFAULT_METRIC_LIMIT // _MEGABYTE,
    otlp_endpoint: OtlpEndpoint = None,
    otlp_headers: OtlpHeaders = None,
    trace_sampling: TraceSampling = 0,
    instances: Instances = 0,
    instance_cpu: InstanceCpu = None,
    instance_memory: InstanceMemory = None,
    instance_cluster: InstanceCluster = "default",
    instance_region: InstanceRegion = REGION,
    create_on_push: CreateOnPush = True,
    host_volumes: HostVolumes = None,
    allow_capabilities: AllowCapabilities = False,
    registry_mirror: RegistryMirrors = None,
    insecure_registry: InsecureRegistries = None,
    docker_config: DockerConfigDirectory = DOCKER_CONFIG,
    image_engine: ImageEngine = "auto",
    image_pull_behavior: ImagePullBehavior = PullBehavior.DEFAULT,
    image_map: ImageMap = None,
    delegate: DelegateOption = None,
    skip_resource_type: SkipResourceTypes = None,
    appmesh_socket: AppMeshSocket = None,
    appmesh_group: AppMeshGroup = "0",
    appmesh_xds: AppMeshXds = None,
    appmesh_xds_cert: AppMeshCert = None,
    appmesh_xds_key: AppMeshKey = None,
    appmesh_xds_client_ca: AppMeshClientCa = None,
) -> None:
    """Run the control plane in the foreground. SIGTERM or Ctrl-C ends it; tasks and proxies keep running."""
    app_mesh = _app_mesh(_quotas(quota or ()), app_mesh_pass or ())
    app_mesh = _with_external_proxies(app_mesh, appmesh_socket, appmesh_group, appmesh_xds)
    registries = registry_settings(registry_mirror, insecure_registry, docker_config)
    settings = Settings(
        state=StatePaths(state),
        runtime=runtime,
        server=ServerSettings(listen, port, create_on_push=create_on_push, **_published_address(published_at)),
        public_gateway=_public_gateway(gateway_ports, gateway_http_port, gateway_https_port, elb_domain),
        proxy=ProxySettings(stats_interval, proxy),
        dns=DnsSettings(dns_port),
        tls=TlsSettings(certificate_renewal),
        cloud_map=_cloud_map(_quotas(quota or ()), check_interval, check_network or ()),
        app_mesh=_with_certificates(app_mesh, appmesh_xds_cert, appmesh_xds_key, appmesh_xds_client_ca),
        logs=LogSettings(log_limit * _MEGABYTE),
        metrics=_metrics(metrics_limit, otlp_endpoint, otlp_headers, trace_sampling),
        machine=MachineSettings(instances, instance_cpu, instance_memory, instance_cluster, instance_region),
        delegate=delegate_choice(delegate or ()),
        resources=resource_settings(skip_resource_type or (), live_endpoints=live_endpoints),
        trust=TrustSettings(_directories(host_volumes or ()), capabilities=allow_capabilities),
        images=image_settings(registries, image_engine, image_pull_behavior, image_map),
    )
    _run(settings)


def _run(settings: Settings) -> None:
    """Run the control plane until it is stopped, or print why it can't start."""
    gc.disable()  # modules are in use until the end: looking for garbage among them takes time and finds none
    from moyai.app.deferred_imports import imports_deferred

    with imports_deferred():
        from moyai.app.main import StartupFailed, run

    gc.freeze()
    gc.enable()
    try:
        run(settings, announce=lambda url: echo(*_ready_message(url, settings.state.root).split("\n")))
    except StartupFailed as refusal:
        for line in refusal.problems:
            echo(f"moyai: {line}", err=True)
        raise typer.Exit(1) from refusal


def _ready_message(url: str, state: Path) -> str:
    """The next steps for the user. Scripts read the first line, so it has the URL alone."""
    return f"""\
moyai ready on {url}
  console: {url}/console/
  state:   {state}{hint_for_other_shells(state)}
  stop:    Ctrl-C ends the control plane and leaves tasks running; `moyai down` stops everything"""


def _published_address(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    address, port = host_and_port(text, "--published-at")
    try:
        return {"published_address": str(ip_address(address)), "published_port": port}
    except ValueError as error:
        raise typer.BadParameter(f"{address!r} is not an IP address", param_hint="--published-at") from error


def _with_external_proxies(
    settings: AppMeshSettings, socket: Path | None, group: str, xds: str | None
) -> AppMeshSettings:
    if xds is not None:
        host_and_port(xds, "--appmesh-xds")
    try:
        gid = int(group) if group.isdecimal() else getgrnam(group).gr_gid
    except KeyError as error:
        raise typer.BadParameter(f"group {group!r} does not exist", param_hint="--appmesh-group") from error
    return replace(settings, socket=socket, group=gid, xds=xds)


def _with_certificates(
    settings: AppMeshSettings, cert: Path | None, key: Path | None, client_ca: Path | None
) -> AppMeshSettings:
    if (cert is None) != (key is None):
        raise typer.BadParameter("a certificate and its key must be given together", param_hint="--appmesh-xds-cert")
    return replace(settings, certificate=cert, private_key=key, client_authority=client_ca)


def _cloud_map(quotas: Mapping[str, int], check_interval: float, check_networks: Iterable[str]) -> CloudMapSettings:
    own_quotas = _select(_CLOUD_MAP_QUOTAS, quotas)
    return CloudMapSettings(check_interval=check_interval, check_networks=_networks(check_networks), **own_quotas)


def _app_mesh(quotas: Mapping[str, int], allowed_names: Iterable[str]) -> AppMeshSettings:
    names = tuple(dict.fromkeys(name.lower() for name in allowed_names))
    invalid = next((name for name in names if not _SERVER_NAME.fullmatch(name)), None)
    if invalid is not None:
        raise typer.BadParameter(
            f"{invalid!r} is not a server name such as *.example.com", param_hint="--app-mesh-pass"
        )
    return AppMeshSettings(AppMeshQuotas(**_select(_APP_MESH_QUOTAS, quotas)), passed_names=names)


def _public_gateway(ports: str | None, http: int | None, https: int | None, elb_domain: str) -> PublicGatewaySettings:
    own_ports, domain = port_range(ports or "", "--gateway-ports"), domain_name(elb_domain, "--elb-domain")
    return PublicGatewaySettings(own_ports, http, https, domain)


def _metrics(limit: int, otlp_endpoint: str | None, otlp_headers: str | None, sampling: float) -> MetricSettings:
    settings = MetricSettings(limit * _MEGABYTE, otlp_endpoint, _headers(otlp_headers or ""), trace_sampling=sampling)
    if otlp_endpoint is not None and not settings.otlp_is_url:
        raise typer.BadParameter(f"{otlp_endpoint!r} is not an http:// or https:// URL", param_hint="--otlp-endpoint")
    return settings


def _headers(text: str) -> dict[str, str]:
    """Parse headers as OTEL_EXPORTER_OTLP_HEADERS has them. Values may be secret, so no error repeats them."""
    headers: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        name, equals, value = (unquote(piece.strip()) for piece in part.partition("="))
        if not equals or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise typer.BadParameter(f"header {len(headers) + 1} is not NAME=VALUE", param_hint="--otlp-headers")
        headers[name.lower()] = value
    return headers


def _quotas(options: Iterable[str]) -> dict[str, int]:
    """Parse quotas, by the names of their settings."""
    quota_names = [name.replace("_", "-") for name in (*_CLOUD_MAP_QUOTAS, *_APP_MESH_QUOTAS)]
    quotas: dict[str, int] = {}
    for option in options:
        name, _, number = option.partition("=")
        if name not in quota_names or not (number.isascii() and number.isdecimal() and len(number) <= _LONGEST_NUMBER):
            message = f"{option!r} is not QUOTA=NUMBER; the quotas are {', '.join(quota_names)}"
            raise typer.BadParameter(message, param_hint="--quota")
        quotas[name.replace("-", "_")] = int(number)
    return quotas


def _select(names: Iterable[str], quotas: Mapping[str, int]) -> dict[str, int]:
    return {name: quotas[name] for name in names if name in quotas}


def _networks(options: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(option)) for option in options)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--check-network") from error


def _directories(paths: Iterable[Path]) -> tuple[Path, ...]:
    for path in paths:
        if not path.is_dir() or not path.is_absolute():
            raise typer.BadParameter(f"{path} is not the absolute path of a directory", param_hint="--host-volumes")
    return tuple(paths)
