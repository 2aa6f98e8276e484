"""The cache: what is translated anew when the mesh changes, and what proxies know by one label."""

from __future__ import annotations

from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    Member,
    MeshIR,
    MeshService,
    OutboundPort,
    OutboundView,
    Protocol,
    RouteRule,
    RouteRules,
    ServiceAddress,
    TimeoutPolicy,
    VirtualHost,
    WeightedDestination,
    Workload,
)
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.resource import EncodedResource, ResourceType

ONE, TWO = WorkloadId("one"), WorkloadId("two")
TIMEOUTS = TimeoutPolicy(request=15, idle=300)


def destination(name: str, label: str = "", connect_timeout: float = 1) -> Destination:
    return Destination(name, EndpointGroupSource("group"), Protocol.HTTP, connect_timeout, label=label)


def by_port(workload: WorkloadId, target: str) -> Workload:
    host = VirtualHost("host", ("shop",), (RouteRule((WeightedDestination(target),), TIMEOUTS),))
    port = OutboundPort(80, Protocol.HTTP, (host,), "egress", routes_label="rds_egress_http_80")
    return Workload(workload, "a", 15000, 15001, outbound=OutboundView(ports=(port,)), egress_label="lds_egress")


def mesh(*destinations: Destination, workloads: tuple[Workload, ...], services: tuple[MeshService, ...] = ()) -> MeshIR:
    return MeshIR(
        workloads={w.id: w for w in workloads},
        services={s.name: s for s in services},
        destinations={d.name: d for d in destinations},
        groups={"group": EndpointGroup("group")},
    )


def cluster_of(routes: EncodedResource) -> str:
    """Where the first route of the first host leads."""
    body = DeltaDiscoveryResponse.FromString(routes.delta_frame).resources[0].resource
    return str(RouteConfiguration.FromString(body.value).virtual_hosts[0].routes[0].route.cluster)


def routes(cache: SnapshotCache, workload: WorkloadId, name: str) -> EncodedResource:
    snapshot = cache.snapshot(workload)
    assert snapshot is not None
    return snapshot[ResourceType.ROUTE][name]


def test_workloads_have_separate_clusters_with_one_label():
    cache = SnapshotCache()
    destinations = destination("one to shop", "cds_shop", 1), destination("two to shop", "cds_shop", 2)
    cache.update(mesh(*destinations, workloads=(by_port(ONE, "one to shop"), by_port(TWO, "two to shop"))))
    snapshot, two = cache.snapshot(ONE), cache.snapshot(TWO)
    assert snapshot is not None
    assert two is not None
    assert list(snapshot[ResourceType.CLUSTER]) == list(two[ResourceType.CLUSTER]) == ["cds_shop"]
    assert snapshot[ResourceType.CLUSTER] != two[ResourceType.CLUSTER]
    assert snapshot[ResourceType.ENDPOINT] == two[ResourceType.ENDPOINT]
    assert snapshot[ResourceType.ROUTE] == two[ResourceType.ROUTE]


def test_routes_follow_a_renamed_destination():
    table = RouteRules((RouteRule((WeightedDestination("shop"),), TIMEOUTS),))
    service = MeshService("svc", Protocol.HTTP, table, "egress.svc")
    caller = Workload(TWO, "a", 15000, 15001, outbound=OutboundView((ServiceAddress("127.255.0.1", 80, "svc"),)))
    workloads = by_port(ONE, "shop"), caller
    cache = SnapshotCache()
    for label in ("cds_old", "cds_new"):
        update = cache.update(mesh(destination("shop", label), workloads=workloads, services=(service,)))
        assert update.workloads == {ONE, TWO}
        assert cluster_of(routes(cache, ONE, "rds_egress_http_80")) == label
        assert cluster_of(routes(cache, TWO, "egress/svc")) == label
    cache.update(mesh(destination("shop", "cds_new", 2), workloads=workloads, services=(service,)))
    assert cluster_of(routes(cache, ONE, "rds_egress_http_80")) == "cds_new"


def test_a_change_affects_only_its_workload():
    cache = SnapshotCache()
    workloads = by_port(ONE, "a"), by_port(TWO, "b")
    cache.update(mesh(destination("a"), destination("b"), workloads=workloads))
    update = cache.update(mesh(destination("a"), destination("b", connect_timeout=2), workloads=workloads))
    assert update.workloads == {TWO}


def test_a_new_member_leaves_the_mappings_of_other_types():
    before = mesh(destination("shop"), workloads=(by_port(ONE, "shop"),))
    cache = SnapshotCache()
    cache.update(before)
    first = cache.snapshot(ONE)
    cache.update(replace(before, groups={"group": EndpointGroup("group", (Member("a", "172.31.0.4", 80),))}))
    second = cache.snapshot(ONE)
    assert first is not None
    assert second is not None
    assert [type_ for type_ in ResourceType if first[type_] is not second[type_]] == [ResourceType.ENDPOINT]


def test_a_destination_that_moves_to_another_group_brings_its_endpoints():
    before = mesh(destination("shop"), workloads=(by_port(ONE, "shop"),))
    cache = SnapshotCache()
    cache.update(before)
    moved = Destination("shop", EndpointGroupSource("other"), Protocol.HTTP, 1)
    cache.update(replace(before, destinations={"shop": moved}, groups={"other": EndpointGroup("other")}))
    snapshot = cache.snapshot(ONE)
    assert snapshot is not None
    assert list(snapshot[ResourceType.ENDPOINT]) == ["egress/other"]
