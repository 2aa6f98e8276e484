"""Load balancers, the shard that they compile to, and the configuration of Envoy, which the real one accepts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
import yaml

from moyai.domain.elb.front import front_workload
from moyai.mesh.ir import MeshIR
from moyai.mesh.load_balancing import compile_front
from moyai.testing.golden import cases
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.names import HTTP_VERSION
from tests.authority import an_authority
from tests.golden.load_balancing.balancers import VPC, read, world_of
from tests.golden.xds.test_xds import as_json, as_yaml, messages, refusal

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def authority():
    return asyncio.run(an_authority())


@pytest.mark.parametrize("name", cases(HERE))
def test_the_shard_and_envoys_resources_are_as_expected(name, golden):
    shard = compile_front(world_of(read(HERE / f"{name}.in.yaml")), VPC)
    assert fault(shard) is None
    written = {key: value for key, value in msgspec.to_builtins(shard, enc_hook=repr).items() if value}
    resources = {kind.name.lower(): list(map(as_json, listed)) for kind, listed in messages(shard).items() if listed}
    outputs = {"ir": yaml.safe_dump(written, sort_keys=False, width=120), "xds": as_yaml(resources)}
    golden.check(name, outputs)


def test_the_protocol_version_of_a_target_group_changes_no_listener():
    case = read(HERE / "https.in.yaml")
    before = messages(compile_front(world_of(case), VPC))
    case["targetGroups"]["grpc"]["protocol_version"] = "HTTP1"
    after = messages(compile_front(world_of(case), VPC))
    assert before[ResourceType.LISTENER] == after[ResourceType.LISTENER]
    assert before[ResourceType.ROUTE] != after[ResourceType.ROUTE]
    for routes in (*before[ResourceType.ROUTE], *after[ResourceType.ROUTE]):
        assert list(routes.request_headers_to_remove) == [HTTP_VERSION]


def fault(shard: MeshIR) -> str | None:
    """Why a part of the shard can't be translated."""
    cache = SnapshotCache()
    cache.update(shard)
    return cache.fault(front_workload(VPC))


@pytest.mark.parametrize("name", cases(HERE))
def test_envoy_accepts_the_configuration(name, tmp_path, authority):
    world = world_of(read(HERE / f"{name}.in.yaml"), authority)
    assert refusal(compile_front(world, VPC, str(tmp_path / "health.json")), tmp_path) == ""
