"""``moyai up``: the control plane, in the foreground."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from grp import getgrnam
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote

import typer

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
    RuntimeKind,
    ServerSettings,
    Settings,
    StatePaths,
    TlsSettings,
    TrustSettings,
)
from moyai.cli.appmesh.places import address
from moyai.cli.options import REGION, STATE, State
from moyai.domain.appmesh.quotas import Quotas as AppMeshQuotas
from moyai.domain.ecs.cluster import MOST_INSTANCES

StatsInterval = Annotated[float, typer.Option(help="Seconds between a proxy's reports.", min=0.5, max=60)]
DnsPort = Annotated[
    int, typer.Option(help="Port of 127.0.0.1 where names are answered (`moyai dns`).", min=0, max=65535)
]
CheckInterval = Annotated[
    float, typer.Option(help="Seconds between Cloud Map's checks of one instance.", min=0.1, max=3600)
]
QuotaOption = Annotated[
    list[str] | None,
    typer.Option(help="A quota of Cloud Map or App Mesh, as instances-per-service=5000. May be given again."),
]
CheckNetworks = Annotated[
    list[str] | None, typer.Option(help="Network whose instances are checked, besides loopback. May be given again.")
]
PassedNames = Annotated[
    list[str] | None,
    typer.Option(
        help="Server name, as *.amazonaws.com, to which the tasks of every mesh may open TLS connections at port 443."
        " May be given again."
    ),
]
LiveEndpoints = Annotated[
    bool,
    typer.Option(
        "--live-endpoints", help="Running tasks see new names, in clusters without a tag moyai:live-endpoints."
    ),
]
HostVolumes = Annotated[
    list[Path] | None,
    typer.Option(help="Directory below which containers may have directories of this machine. May be given again."),
]
AllowCapabilities = Annotated[
    bool,
    typer.Option("--allow-capabilities", help="Containers get whatever capabilities they ask for."),
]
CertificateRenewal = Annotated[
    float,
    typer.Option(
        help="Seconds after which a TLS certificate of Service Connect is renewed; it is valid for two days more.",
        min=10,
        max=CERTIFICATE_RENEWAL,
    ),
]

_MEGABYTE: Final = 1024 * 1024
LogLimit = Annotated[
    int, typer.Option(help="Megabytes of disk for the events of CloudWatch Logs; beyond them the oldest go.", min=16)
]
MetricsLimit = Annotated[int, typer.Option(help="Megabytes of disk for metrics; beyond them the oldest go.", min=16)]
OtlpEndpoint = Annotated[
    str | None,
    typer.Option(
        envvar="MOYAI_OTLP_ENDPOINT",
        help="URL of an OpenTelemetry collector that gets the mesh's metrics, as http://127.0.0.1:4318.",
    ),
]
OtlpHeaders = Annotated[
    str | None,
    typer.Option(
        envvar="MOYAI_OTLP_HEADERS",
        help="Headers of each request to it, as api-key=secret,tenant=shop: what of it is special is percent-encoded.",
    ),
]
Instances = Annotated[
    int,
    typer.Option(
        envvar="MOYAI_INSTANCES",
        help="Container instances that this machine registers of itself, over three zones.",
        min=0,
        max=MOST_INSTANCES,
    ),
]
InstanceCpu = Annotated[
    int | None, typer.Option(help="CPU units of each; the machine's are divided otherwise.", min=128, max=1_000_000)
]
InstanceMemory = Annotated[
    int | None, typer.Option(help="MiB of each; the machine's are divided otherwise.", min=64, max=16_777_216)
]
InstanceCluster = Annotated[str, typer.Option(help="Name of the cluster that they are of.")]
InstanceRegion = Annotated[
    str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region of that cluster.")
]
AppMeshSocket = Annotated[
    Path | None,
    typer.Option(
        help="Socket for App Mesh's proxies that no task has; run/appmesh.sock in the state directory otherwise."
    ),
]
AppMeshGroup = Annotated[str, typer.Option(help="Group, by name or number, that may use that socket, besides root.")]
AppMeshXds = Annotated[
    str | None,
    typer.Option(
        help="HOST:PORT where such proxies may come in over TCP, with TLS and a token (`moyai appmesh token`)."
    ),
]
AppMeshCert = Annotated[
    Path | None, typer.Option(help="PEM: certificate to show there; of an authority of moyai's own otherwise.")
]
AppMeshKey = Annotated[Path | None, typer.Option(help="PEM: the key of --appmesh-xds-cert.")]
AppMeshClientCa = Annotated[
    Path | None,
    typer.Option(help="PEM: authorities; a proxy there must show a certificate of one instead of a token."),
]

_CHECK_INTERVAL: Final = CloudMapSettings().check_interval
_CLOUD_MAP_QUOTAS: Final = ("namespaces", "instances_per_service", "instances_per_namespace")
_APP_MESH_QUOTAS: Final = AppMeshQuotas.__struct_fields__
_LONGEST_NUMBER: Final = 9
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 § 5.6.2
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_SERVER_NAME: Final = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def up(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    state: State = STATE,
    listen: Annotated[str, typer.Option(help="Address; any but loopback needs keys (`moyai keys`).")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = DEFAULT_PORT,
    runtime: Annotated[RuntimeKind, typer.Option(help="Where tasks run.")] = RuntimeKind.LINUX,
    stats_interval: StatsInterval = STATS_INTERVAL,
    dns_port: DnsPort = DEFAULT_DNS_PORT,
    quota: QuotaOption = None,
    check_interval: CheckInterval = _CHECK_INTERVAL,
    check_network: CheckNetworks = None,
    app_mesh_pass: PassedNames = None,
    live_endpoints: LiveEndpoints = False,
    certificate_renewal: CertificateRenewal = CERTIFICATE_RENEWAL,
    log_limit: LogLimit = DEFAULT_LOG_LIMIT // _MEGABYTE,
    metrics_limit: MetricsLimit = DEFAULT_METRIC_LIMIT // _MEGABYTE,
    otlp_endpoint: OtlpEndpoint = None,
    otlp_headers: OtlpHeaders = None,
    instances: Instances = 0,
    instance_cpu: InstanceCpu = None,
    instance_memory: InstanceMemory = None,
    instance_cluster: InstanceCluster = "default",
    instance_region: InstanceRegion = REGION,
    host_volumes: HostVolumes = None,
    allow_capabilities: AllowCapabilities = False,
    appmesh_socket: AppMeshSocket = None,
    appmesh_group: AppMeshGroup = "0",
    appmesh_xds: AppMeshXds = None,
    appmesh_xds_cert: AppMeshCert = None,
    appmesh_xds_key: AppMeshKey = None,
    appmesh_xds_client_ca: AppMeshClientCa = None,
) -> None:
    """Run the control plane. SIGTERM or Ctrl-C ends it and leaves tasks and proxies running."""
    from moyai.app.main import Refused, run

    quotas = _quotas(quota or ())
    settings = Settings(
        state=StatePaths(state),
        runtime=runtime,
        server=ServerSettings(listen, port),
        proxy=ProxySettings(stats_interval),
        dns=DnsSettings(dns_port),
        tls=TlsSettings(certificate_renewal),
        cloud_map=_cloud_map(quotas, check_interval, check_network or ()),
        app_mesh=replace(
            _app_mesh(quotas, app_mesh_pass or ()),
            **_guests(appmesh_socket, appmesh_group, appmesh_xds),
            **_shown(appmesh_xds_cert, appmesh_xds_key, appmesh_xds_client_ca),
        ),
        logs=LogSettings(log_limit * _MEGABYTE),
        metrics=_metrics(metrics_limit, otlp_endpoint, otlp_headers),
        machine=MachineSettings(instances, instance_cpu, instance_memory, instance_cluster, instance_region),
        live_endpoints=live_endpoints,
        trust=TrustSettings(_directories(host_volumes or ()), capabilities=allow_capabilities),
    )
    try:
        run(settings, announce=lambda url: typer.echo(f"moyai ready on {url}"))
    except Refused as refusal:
        for line in refusal.problems:
            typer.echo(f"moyai: {line}", err=True)
        raise typer.Exit(1) from refusal


def _guests(socket: Path | None, group: str, xds: str | None) -> dict[str, Any]:
    if xds is not None:
        address(xds, "--appmesh-xds")
    try:
        gid = int(group) if group.isdecimal() else getgrnam(group).gr_gid
    except KeyError as error:
        raise typer.BadParameter(f"there is no group {group!r}", param_hint="--appmesh-group") from error
    return {"socket": socket, "group": gid, "xds": xds}


def _shown(cert: Path | None, key: Path | None, client_ca: Path | None) -> dict[str, Any]:
    if (cert is None) != (key is None):
        raise typer.BadParameter("it goes together with --appmesh-xds-key", param_hint="--appmesh-xds-cert")
    return {"certificate": cert, "private_key": key, "client_authority": client_ca}


def _cloud_map(quotas: Mapping[str, int], check_interval: float, check_networks: Iterable[str]) -> CloudMapSettings:
    own = _among(_CLOUD_MAP_QUOTAS, quotas)
    return CloudMapSettings(check_interval=check_interval, check_networks=_networks(check_networks), **own)


def _app_mesh(quotas: Mapping[str, int], passed: Iterable[str]) -> AppMeshSettings:
    names = tuple(dict.fromkeys(name.lower() for name in passed))
    strange = next((name for name in names if not _SERVER_NAME.fullmatch(name)), None)
    if strange is not None:
        raise typer.BadParameter(f"{strange!r} is no server name, as *.example.com", param_hint="--app-mesh-pass")
    return AppMeshSettings(AppMeshQuotas(**_among(_APP_MESH_QUOTAS, quotas)), passed_names=names)


def _metrics(limit: int, otlp_endpoint: str | None, otlp_headers: str | None) -> MetricSettings:
    found = MetricSettings(limit * _MEGABYTE, otlp_endpoint, _headers(otlp_headers or ""))
    if otlp_endpoint is not None and not found.otlp_is_url:
        raise typer.BadParameter(f"{otlp_endpoint!r} is no http:// or https:// URL", param_hint="--otlp-endpoint")
    return found


def _headers(written: str) -> dict[str, str]:
    """Headers as OpenTelemetry's own variable has them. Values may be secret, and are not repeated in an error."""
    found: dict[str, str] = {}
    for one in filter(str.strip, written.split(",")):
        name, equals, value = (unquote(part.strip()) for part in one.partition("="))
        if not equals or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise typer.BadParameter(
                f"number {len(found) + 1} is no header, as name=value", param_hint="--otlp-headers"
            )
        found[name.lower()] = value
    return found


def _quotas(asked: Iterable[str]) -> dict[str, int]:
    """Quotas by the names of their settings."""
    known = [name.replace("_", "-") for name in (*_CLOUD_MAP_QUOTAS, *_APP_MESH_QUOTAS)]
    found: dict[str, int] = {}
    for one in asked:
        name, _, number = one.partition("=")
        if name not in known or not (number.isascii() and number.isdecimal() and len(number) <= _LONGEST_NUMBER):
            wanted = f"one of {', '.join(known)} with = and a number"
            raise typer.BadParameter(f"{one!r} is not {wanted}", param_hint="--quota")
        found[name.replace("-", "_")] = int(number)
    return found


def _among(names: Iterable[str], quotas: Mapping[str, int]) -> dict[str, int]:
    return {name: quotas[name] for name in names if name in quotas}


def _networks(asked: Iterable[str]) -> tuple[str, ...]:
    """Networks that are some."""
    try:
        return tuple(str(ip_network(one)) for one in asked)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--check-network") from error


def _directories(asked: Iterable[Path]) -> tuple[Path, ...]:
    """Directories that are there, absolute."""
    for one in asked:
        if not one.is_dir() or not one.is_absolute():
            raise typer.BadParameter(f"{one} is not the absolute path of a directory", param_hint="--host-volumes")
    return tuple(asked)
