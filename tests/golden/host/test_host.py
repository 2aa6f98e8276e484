"""The resources of a host's Envoy for some worlds of the mesh's cases; the real Envoy accepts them.

All tasks are of the host, except those whose names end in ``-1``: so there are endpoints of both kinds.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from moyai.kernel.ids import ProxyId
from moyai.mesh.ir import MeshIR, StdoutLog
from moyai.mesh.service_connect import compile_mesh
from moyai.xds.server.called_groups import CalledGroups
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.access_log import log_kind
from moyai.xds.translate.bootstrap import host_bootstrap
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.placement import Placement, WorkloadPlace
from tests.golden.mesh.worlds import load, with_certificates
from tests.golden.xds.test_xds import as_json, as_yaml, messages, refusal_of

HERE = Path(__file__).parent
WORLDS = HERE.parent / "mesh"
LOGS = ["access-log-json-query", "access-log-text"]
CASES = [*LOGS, "http", "ingress-port-override", "protocols", "tls", "tuned-streaming", "zones"]
HOST = ProxyId("host/one")


def placement_of(mesh: MeshIR) -> Placement:
    names = {workload: workload.rpartition("/")[2] for workload in mesh.workloads}
    return {
        w: WorkloadPlace(w, f"/run/netns/{name}", name, log_kind(mesh.workloads[w].access_log))
        for w, name in names.items()
        if not name.endswith("-1")
    }


def traced_mesh(mesh: MeshIR) -> MeshIR:
    return replace(mesh, workloads={key: replace(w, traced=True) for key, w in mesh.workloads.items()})


def hosted_mesh(mesh: MeshIR) -> MeshIR:
    logs = (workload.access_log for workload in mesh.workloads.values())
    target_logs = tuple(dict.fromkeys(log for log in logs if isinstance(log, StdoutLog)))
    services = {name: replace(service, target_logs=target_logs) for name, service in mesh.services.items()}
    return CalledGroups().add_to(replace(mesh, hosted=frozenset(placement_of(mesh)), services=services))


@pytest.mark.parametrize("name", CASES)
def test_the_envoy_resources_are_as_expected(name, golden):
    mesh = hosted_mesh(compile_mesh(load(WORLDS / f"{name}.in.yaml")))
    resources = {
        f"{kind.name.lower()}s": as_yaml([as_json(m) for m in listed])
        for kind, listed in messages(mesh, placement_of(mesh)).items()
        if listed or kind is not ResourceType.SECRET
    }
    resources["bootstrap"] = as_yaml(json.loads(host_bootstrap(HOST, BootstrapSettings())))
    golden.check(name, resources)


@pytest.mark.parametrize("name", CASES)
def test_envoy_accepts_the_configuration(name, tmp_path):
    mesh = hosted_mesh(compile_mesh(with_certificates(load(WORLDS / f"{name}.in.yaml"))))
    resources = messages(mesh, placement_of(mesh))
    assert refusal_of(host_bootstrap(HOST, BootstrapSettings()), resources, tmp_path) == ""


def test_envoy_traces_as_many_requests_as_the_listeners_say(tmp_path):
    mesh = traced_mesh(hosted_mesh(compile_mesh(load(WORLDS / "http.in.yaml"))))
    placement = {key: place._replace(sampling=12.5) for key, place in placement_of(mesh).items()}
    resources = messages(mesh, placement)
    listeners = as_yaml([as_json(m) for m in resources[ResourceType.LISTENER]])
    assert listeners.count("random_sampling:") == listeners.count("tracing:") > 0
    assert listeners.count("value: 12.5") == listeners.count("random_sampling:")
    assert refusal_of(host_bootstrap(HOST, BootstrapSettings()), resources, tmp_path) == ""
