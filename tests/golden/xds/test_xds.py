"""Envoy's resources for each world of the mesh's cases; the real Envoy accepts them.

A case is a ``<name>.in.yaml`` of tests/golden/mesh. Every resource of every workload is in the outputs once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from envoy.config.bootstrap.v3.bootstrap_pb2 import Bootstrap
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import UpstreamTlsContext
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from google.protobuf.json_format import MessageToJson, Parse
from google.protobuf.message import Message

from moyai.kernel.ids import ProxyId
from moyai.mesh.ir import MeshIR
from moyai.mesh.service_connect import compile_mesh
from moyai.testing.golden import cases
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.bootstrap import bootstrap
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.placement import Placement
from moyai.xds.translate.proto import to_any
from tests.golden.mesh.worlds import load, with_certificates

HERE = Path(__file__).parent
WORLDS = HERE.parent / "mesh"
ENVOY = Path(sys.executable).with_name("envoy")
MESSAGES = {
    ResourceType.SECRET: Secret,
    ResourceType.CLUSTER: Cluster,
    ResourceType.ENDPOINT: ClusterLoadAssignment,
    ResourceType.LISTENER: Listener,
    ResourceType.ROUTE: RouteConfiguration,
}


def messages(mesh: MeshIR, placement: Placement | None = None) -> dict[ResourceType, list[Any]]:
    cache = SnapshotCache()
    cache.update(mesh, placement)
    by_type = {
        (kind, name): resource
        for workload in mesh.workloads
        for kind, resources in (cache.snapshot(workload) or {}).items()
        for name, resource in resources.items()
    }
    result: dict[ResourceType, list[Any]] = {kind: [] for kind in ResourceType}
    for (kind, _), resource in sorted(by_type.items()):
        body = DeltaDiscoveryResponse.FromString(resource.delta_frame).resources[0].resource
        result[kind].append(MESSAGES[kind].FromString(body.value))
    return result


def as_json(message: Message):
    return json.loads(MessageToJson(message, preserving_proto_field_name=True))


def as_yaml(value) -> str:
    return yaml.safe_dump(value, sort_keys=True, width=120)


@pytest.mark.parametrize("name", cases(WORLDS))
def test_the_envoy_resources_are_as_expected(name, golden):
    mesh = compile_mesh(load(WORLDS / f"{name}.in.yaml"))
    resources = {
        f"{kind.name.lower()}s": as_yaml([as_json(m) for m in listed])
        for kind, listed in messages(mesh).items()
        if listed or kind is not ResourceType.SECRET
    }
    first = mesh.workloads[min(mesh.workloads)]
    resources["bootstrap"] = as_yaml(json.loads(bootstrap(first, BootstrapSettings(), ProxyId(first.id))))
    golden.check(name, resources)


@pytest.mark.parametrize("name", cases(WORLDS))
def test_envoy_accepts_the_configuration(name, tmp_path):
    assert refusal(compile_mesh(with_certificates(load(WORLDS / f"{name}.in.yaml"))), tmp_path) == ""


def refusal(mesh: MeshIR, tmp_path: Path) -> str:
    """The real Envoy's error about a resource of a mesh that has workloads; empty when it accepts them all."""
    first = mesh.workloads[min(mesh.workloads)]
    return refusal_of(bootstrap(first, BootstrapSettings(), ProxyId(first.id)), messages(mesh), tmp_path)


def refusal_of(bootstrap_json: bytes, resources: dict[ResourceType, list[Any]], tmp_path: Path) -> str:
    """The same of resources, with the bootstrap of the Envoy that is to take them."""
    text = bootstrap_json.decode()
    for place, path in (("{run}", tmp_path), ("{xds}", tmp_path / "x"), ("{statistics}", tmp_path / "s")):
        text = text.replace(place, str(path))
    config = Parse(text, Bootstrap())
    add(config, resources)
    path = tmp_path / "envoy.json"
    path.write_text(MessageToJson(config))
    run = subprocess.run(
        [ENVOY, "--mode", "validate", "--config-path", str(path), "--log-level", "warning"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return "" if run.returncode == 0 else run.stderr or "refused"


def with_static_secrets(cluster: Cluster) -> Cluster:
    """As it is, but with the bootstrap's secrets: static clusters are made before there is a stream."""
    copied = Cluster.FromString(cluster.SerializeToString())
    for socket in (copied.transport_socket, *(match.transport_socket for match in copied.transport_socket_matches)):
        context = UpstreamTlsContext()
        if socket.typed_config.Unpack(context):
            common = context.common_tls_context
            checked = common.combined_validation_context.validation_context_sds_secret_config
            for secret in (*common.tls_certificate_sds_secret_configs, checked):
                if secret.sds_config.HasField("ads"):
                    secret.ClearField("sds_config")
            socket.typed_config.Pack(context)
    return copied


def add(config, resources: dict[ResourceType, list[Any]]) -> None:
    """Put everything into one bootstrap: each listener at an address of its own, routes and endpoints in place."""
    config.static_resources.clusters.extend(map(with_static_secrets, resources[ResourceType.CLUSTER]))
    config.static_resources.secrets.extend(resources[ResourceType.SECRET])
    for assignment in resources[ResourceType.ENDPOINT]:
        cluster = Cluster(name=f"with {assignment.cluster_name}", type=Cluster.STATIC, load_assignment=assignment)
        cluster.load_assignment.cluster_name = cluster.name
        config.static_resources.clusters.append(cluster)
    listeners = list(resources[ResourceType.LISTENER])
    for routes in resources[ResourceType.ROUTE]:
        manager = HttpConnectionManager(stat_prefix="routes", route_config=routes)
        chain = FilterChain(filters=[Filter(name="http", typed_config=to_any(manager))])
        listeners.append(Listener(name=f"with {routes.name}", filter_chains=[chain]))
    bound = [listener for listener in listeners if not listener.HasField("internal_listener")]
    for number, listener in enumerate(bound, start=1):
        protocol = listener.address.socket_address.protocol
        listener.address.CopyFrom(socket_address(f"127.0.{number // 200}.{number % 200 + 1}", 15000))
        listener.address.socket_address.protocol = protocol
    config.static_resources.listeners.extend(listeners)
