"""The options of ``moyai up``: each with its type, limits, environment variable and help."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from moyai.app.config import CERTIFICATE_RENEWAL, ResourceSettings, RuntimeKind
from moyai.cli.options import resource_types
from moyai.delegate.settings import DelegateChoice, parse_delegates
from moyai.domain.defaults import ProxyTopology
from moyai.domain.ecs.cluster import MOST_INSTANCES
from moyai.images.pull_behavior import PullBehavior

StatsInterval = Annotated[
    float, typer.Option(help="Seconds between two statistics reports of a proxy.", min=0.5, max=60)
]
DnsPort = Annotated[
    int, typer.Option(help="Port on 127.0.0.1 for DNS queries (`moyai dns`); 0 takes a free one.", min=0, max=65535)
]
CheckInterval = Annotated[
    float, typer.Option(help="Seconds between two Cloud Map health checks of an instance.", min=0.1, max=3600)
]
QuotaOption = Annotated[
    list[str] | None,
    typer.Option(help="Cloud Map or App Mesh quota, such as instances-per-service=5000. Repeatable."),
]
CheckNetworks = Annotated[
    list[str] | None, typer.Option(help="Network whose instances are health-checked, besides loopback. Repeatable.")
]
PassedNames = Annotated[
    list[str] | None,
    typer.Option(
        help="Server name, such as *.amazonaws.com, to which tasks of every mesh may open TLS connections on port 443."
        " Repeatable."
    ),
]
LiveEndpoints = Annotated[
    bool,
    typer.Option(
        "--live-endpoints",
        help="Let running tasks call names that were added after they started, in clusters without the tag"
        " moyai:live-endpoints.",
    ),
]
Proxy = Annotated[
    ProxyTopology | None,
    typer.Option(
        "--proxy",
        help="Whether each new task with Service Connect has a proxy of its own (sidecar), or shares the one of this"
        " host (node), in clusters without the tag moyai:proxy. By default node where that works, else sidecar;"
        " `moyai doctor` says which, and why. The runtime sim starts no Envoy; it shows either, sidecar by default.",
    ),
]
CreateOnPush = Annotated[
    bool,
    typer.Option(
        "--create-on-push/--no-create-on-push",
        help="Whether `docker push` to this server creates an ECR repository that does not exist.",
    ),
]
HostVolumes = Annotated[
    list[Path] | None,
    typer.Option(help="Directory below which containers may mount directories of this machine. Repeatable."),
]
AllowCapabilities = Annotated[
    bool,
    typer.Option("--allow-capabilities", help="Grant containers all Linux capabilities that they request."),
]
CertificateRenewal = Annotated[
    float,
    typer.Option(
        help="Seconds after which a Service Connect TLS certificate is renewed; it stays valid for two more days.",
        min=10,
        max=CERTIFICATE_RENEWAL,
    ),
]

LogLimit = Annotated[
    int, typer.Option(help="Disk space for CloudWatch Logs events, in megabytes; the oldest are deleted first.", min=16)
]
MetricsLimit = Annotated[
    int, typer.Option(help="Disk space for metrics, in megabytes; the oldest are deleted first.", min=16)
]
TraceSampling = Annotated[
    float,
    typer.Option(
        envvar="MOYAI_TRACE_SAMPLING",
        help="Percent of requests that proxies trace; `moyai trace` shows them. A task with a proxy of its own has to"
        " start after that.",
        min=0,
        max=100,
    ),
]
OtlpEndpoint = Annotated[
    str | None,
    typer.Option(
        envvar="MOYAI_OTLP_ENDPOINT",
        help="URL of an OpenTelemetry collector to which metrics and traces are exported, such as http://127.0.0.1:4318.",
    ),
]
OtlpHeaders = Annotated[
    str | None,
    typer.Option(
        envvar="MOYAI_OTLP_HEADERS",
        help="Headers of every request to the collector, such as api-key=secret,tenant=shop; special characters are"
        " percent-encoded.",
    ),
]
Instances = Annotated[
    int,
    typer.Option(
        envvar="MOYAI_INSTANCES",
        help="Number of container instances to register on this machine, spread over three zones.",
        min=0,
        max=MOST_INSTANCES,
    ),
]
InstanceCpu = Annotated[
    int | None,
    typer.Option(
        help="CPU units of each instance; by default an equal share of the machine's.", min=128, max=1_000_000
    ),
]
InstanceMemory = Annotated[
    int | None,
    typer.Option(
        help="MiB of memory of each instance; by default an equal share of the machine's.", min=64, max=16_777_216
    ),
]
InstanceCluster = Annotated[str, typer.Option(help="Cluster in which the instances are registered.")]
InstanceRegion = Annotated[
    str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region of that cluster.")
]
AppMeshSocket = Annotated[
    Path | None,
    typer.Option(
        help="Unix socket for App Mesh proxies outside tasks; by default run/appmesh.sock in the state directory."
    ),
]
AppMeshGroup = Annotated[str, typer.Option(help="Group, by name or number, that may use that socket, besides root.")]
AppMeshXds = Annotated[
    str | None,
    typer.Option(
        help="HOST:PORT on which such proxies may connect over TCP, with TLS and a token (`moyai appmesh token`)."
    ),
]
AppMeshCert = Annotated[
    Path | None, typer.Option(help="PEM file: the server certificate for it; by default one of moyai's own authority.")
]
AppMeshKey = Annotated[Path | None, typer.Option(help="PEM file: the private key of --appmesh-xds-cert.")]
AppMeshClientCa = Annotated[
    Path | None,
    typer.Option(
        help="PEM file: certificate authorities. Proxies must present a certificate of one of them instead of a token."
    ),
]
RegistryMirrors = Annotated[
    list[str] | None,
    typer.Option(
        envvar="MOYAI_REGISTRY_MIRRORS",
        help="REGISTRY=URL of a mirror that is asked first, such as docker.io=https://mirror.example.com. Repeatable.",
    ),
]
InsecureRegistries = Annotated[
    list[str] | None,
    typer.Option(
        envvar="MOYAI_INSECURE_REGISTRIES",
        help="HOST:PORT of a registry without TLS, or whose certificate is not verified. Repeatable.",
    ),
]
DockerConfigDirectory = Annotated[
    Path,
    typer.Option(envvar="DOCKER_CONFIG", help="Directory of Docker's config.json, with the logins to registries."),
]
ImageEngine = Annotated[
    str,
    typer.Option(
        envvar="MOYAI_IMAGE_ENGINE",
        help="Local Docker or Podman engine whose images are used: its Unix socket, auto for the usual ones, or none.",
    ),
]
ImagePullBehavior = Annotated[
    PullBehavior,
    typer.Option(
        envvar="ECS_IMAGE_PULL_BEHAVIOR",
        help="When an image that is here already is pulled again, as the ECS agent has it.",
    ),
]
ImageMap = Annotated[
    list[str] | None,
    typer.Option(
        help="IMAGE=OTHER: pull OTHER where a task definition names IMAGE; REGISTRY/=OTHER/ maps all images below."
        " Repeatable."
    ),
]
DelegateOption = Annotated[
    list[str] | None,
    typer.Option(
        "--delegate",
        envvar="MOYAI_DELEGATE",
        help="Server of the AWS services that moyai does not implement: URL for all, SERVICE=URL for one, or none; with"
        " commas between several. Without it, moyai[aws] answers them where it is installed.",
    ),
]
SkipResourceTypes = Annotated[
    list[str] | None,
    typer.Option(
        "--skip-resource-type",
        envvar="MOYAI_SKIP_RESOURCE_TYPES",
        help="Type of CloudFormation resources that moyai does not have and of which stacks make nothing, such as"
        " AWS::EC2::Instance or 'AWS::CodeBuild::*'. Repeatable, or with commas between several.",
    ),
]
Listen = Annotated[
    str, typer.Option(help="Address to listen on; any other than loopback requires access keys (`moyai keys`).")
]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]
PublishedAt = Annotated[
    str | None,
    typer.Option(
        envvar="MOYAI_PUBLISHED_AT",
        help="In a container: the ADDRESS:PORT of its host that leads to --port. On the host's loopback, requests from"
        " there need no access keys.",
    ),
]
GatewayPorts = Annotated[
    str | None,
    typer.Option(
        envvar="MOYAI_GATEWAY_PORTS",
        help="FIRST-LAST: ports of this machine, each of which leads to a port of a task with a public address.",
    ),
]
GatewayHttpPort = Annotated[
    int | None,
    typer.Option(
        envvar="MOYAI_GATEWAY_HTTP_PORT",
        help="Port of this machine at which services with public addresses answer HTTP as SERVICE.CLUSTER.localhost.",
        min=1,
        max=65535,
    ),
]
GatewayHttpsPort = Annotated[
    int | None,
    typer.Option(
        envvar="MOYAI_GATEWAY_HTTPS_PORT",
        help="Port of this machine at which HTTPS listeners of load balancers answer, by their certificates' names.",
        min=1,
        max=65535,
    ),
]
ElbDomain = Annotated[
    str,
    typer.Option(
        envvar="MOYAI_ELB_DOMAIN", help="Domain of the DNS names of new load balancers: NAME-DIGITS.REGION.DOMAIN."
    ),
]
Runtime = Annotated[
    RuntimeKind, typer.Option(help="How tasks run: as processes in Linux namespaces (linux), or simulated (sim).")
]


def resource_settings(skipped_types: Iterable[str], *, live_endpoints: bool) -> ResourceSettings:
    """The settings of resources, from the values of their options. Raises BadParameter."""
    return ResourceSettings(live_endpoints, resource_types(skipped_types, "--skip-resource-type"))


def delegate_choice(options: Iterable[str]) -> DelegateChoice:
    """The servers of the AWS services that moyai does not implement. Raises BadParameter."""
    try:
        return parse_delegates(options)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--delegate") from error
