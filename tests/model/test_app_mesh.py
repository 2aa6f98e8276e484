"""Drawn meshes of App Mesh: whatever the gateway takes compiles, Envoy takes what comes of it, and proxies follow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.acm.certificate import ManagedCertificate, ManagedKey
from moyai.domain.pca.authority import CertificateAuthority
from moyai.domain.world import Put
from moyai.kernel.ids import CertificateAuthorityArn, ManagedCertificateArn
from moyai.mesh.app_mesh import compile_workload, workloads
from moyai.mesh.ir import CertificateRef, EndpointGroupSource, MeshIR, RouteRule, StreamSplit, VirtualHost, Workload
from moyai.store.memory import MemoryStore
from moyai.testing.ids import SeededIds
from moyai.xds.server.cache import SnapshotCache
from tests.authority import an_authority
from tests.golden.appmesh import certificates
from tests.golden.xds.test_xds import refusal
from tests.model.appmesh_specs import AUTHORITY, CERTIFICATE, ApiCall, ask, build_store, meshes
from tests.unit.reconcile.recorded_feed import PublishedShards


@pytest.fixture(scope="module")
def authority():
    return asyncio.run(an_authority())


def parts(store: MemoryStore) -> list[MeshIR]:
    return [compile_workload(store.world, workload) for workload in workloads(store.world)]


@given(meshes())
def test_every_accepted_mesh_compiles_to_complete_shards(requests):
    for part in parts(build_store(requests)):
        (workload,) = part.workloads.values()
        _check_defined(part, workload)
        _check_apart(part, workload)
        for rule in _rules(workload):
            assert not rule.targets or sum(target.weight for target in rule.targets) > 0
        cache = SnapshotCache()
        cache.update(part)
        assert cache.fault(workload.id) is None


def _check_defined(part: MeshIR, workload: Workload) -> None:
    """Every name that is used is defined."""
    assert set(_targets(workload)) <= part.destinations.keys()
    sources = [destination.source for destination in part.destinations.values()]
    assert {source.group for source in sources if isinstance(source, EndpointGroupSource)} == part.groups.keys()
    shown = [inbound.tls.certificate for inbound in workload.inbound if inbound.tls is not None]
    assert {
        destination.certificate for destination in shown if isinstance(destination, CertificateRef)
    } == part.certificates.keys()


def _check_apart(part: MeshIR, workload: Workload) -> None:
    """Assert that labels, ports and domains are unique."""
    labels = [labelled.label for labelled in part.destinations.values()]
    labels += [labelled.cluster_label for labelled in workload.inbound if labelled.cluster_label]
    assert len(labels) == len(set(labels))
    ports = [labelled.port for labelled in workload.outbound.ports]
    assert len(ports) == len(set(ports))
    for hosts in _host_lists(workload):
        domains = [domain for host in hosts for domain in host.domains]
        assert domains == [domain.lower() for domain in domains]
        assert len(domains) == len(set(domains))


@pytest.mark.long
@settings(max_examples=3, phases=(Phase.reuse, Phase.generate))  # Envoy names what it refuses; shrinking takes minutes
@given(requests=meshes())
def test_envoy_accepts_every_accepted_mesh(authority, requests):
    with TemporaryDirectory() as name:
        folder = Path(name)
        certificates.write(folder, authority)
        store = build_store(ApiCall(one.operation, _in_folder(one.params, folder)) for one in requests)
        for record in certificates.records({"shop": "one"}, authority):
            store.apply([Put(_with_drawn_arn(record))])
        assert [said for part in parts(store) if (said := refusal(part, folder))] == []


@settings(max_examples=15)
@given(requests=meshes(), rest=st.data())
def test_proxies_follow_the_world_at_each_step(requests, rest):
    store, ids = MemoryStore(), SeededIds(4)
    published = PublishedShards(store)
    calls = []
    for call in requests:
        ask(store, call, ids=ids)
        calls.append(call)
        _follow(published, store)
    for call in reversed(calls[rest.draw(st.integers(0, len(calls))) :]):
        named = {key: value for key, value in call.params.items() if key.endswith("Name")}
        ask(store, ApiCall(call.operation.replace("Create", "Delete"), named), ids=ids)
        _follow(published, store)


def _follow(heard: PublishedShards, store: MemoryStore) -> None:
    heard.catch_up()
    assert heard.feed.shards == {str(w): compile_workload(store.world, w) for w in workloads(store.world)}


def _host_lists(workload: Workload) -> Iterator[tuple[VirtualHost, ...]]:
    yield from (inbound.hosts for inbound in workload.inbound)
    yield from (port.routing for port in workload.outbound.ports if not isinstance(port.routing, StreamSplit))


def _rules(workload: Workload) -> Iterator[RouteRule]:
    return (rule for hosts in _host_lists(workload) for host in hosts for rule in host.rules)


def _targets(workload: Workload) -> Iterator[str]:
    splits = [port.routing for port in workload.outbound.ports if isinstance(port.routing, StreamSplit)]
    yield from (target.destination for split in splits for target in split.targets)
    yield from (target.destination for rule in _rules(workload) for target in rule.targets)
    yield from (one.destination for one in workload.outbound.passes)
    if workload.outbound.fallback is not None:
        yield workload.outbound.fallback


_FILES = {"certificateChain": "chain.pem", "privateKey": "key.pem", "path": "log"}


def _in_folder(value: Any, folder: Path, *at: str) -> Any:
    """The same, with files that are there."""
    match value, at:
        case Mapping(), _:
            return {key: _in_folder(item, folder, *at, key) for key, item in value.items()}
        case list(), _:
            return [_in_folder(item, folder, *at) for item in value]
        case str(), (*_, "trust", "file", "certificateChain"):
            return str(folder / "roots.pem")
        case str(), (*_, "file", member):
            return str(folder / _FILES[member])
    return value


def _with_drawn_arn(record: Any) -> Any:
    """Under the ARNs that are drawn."""
    match record:
        case ManagedCertificate():
            return replace(record, arn=ManagedCertificateArn(CERTIFICATE), authority=CertificateAuthorityArn(AUTHORITY))
        case ManagedKey():
            return replace(record, certificate=ManagedCertificateArn(CERTIFICATE))
        case CertificateAuthority():
            return replace(record, arn=CertificateAuthorityArn(AUTHORITY))
    return record
