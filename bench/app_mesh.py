"""What one change to a mesh of App Mesh costs, of ten virtual nodes and of a thousand: compiled, translated, published.

Run by `make bench`, or by hand: `.venv/bin/python bench/app_mesh.py`. Both meshes are in memory, made by App Mesh's own
operations. Every node provides a service behind a router with a route, and calls the three next ones and the hub, which
all of them call. The two meshes are measured in turn. No number here is a test.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec.structs import replace
from rig.report import show

from moyai.api.appmesh.service import appmesh
from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.models import load_models
from moyai.api.operation import Context
from moyai.app.ids import SystemIds
from moyai.domain.appmesh.names import mesh_arn
from moyai.domain.appmesh.quotas import AppMeshQuotas
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import INSTANCE_IPV4, DiscoveryInstance, DiscoveryService
from moyai.domain.queries import app_mesh
from moyai.domain.record import StoredRecord
from moyai.domain.world import Put, table_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DiscoveryServiceArn, DiscoveryServiceId, InstanceId, NamespaceArn, NamespaceId
from moyai.mesh.app_mesh import AppMeshOptions
from moyai.ports.store import Key
from moyai.reconcile.derived_values import workload_meshes
from moyai.store.memory import MemoryStore
from moyai.testing.world import SCOPE
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

SIZES: Final = (10, 1000)
NEXT: Final = 3
ROUNDS: Final = 15
BORN: Final = Instant(1.0)
MANY: Final = 1_000_000
CLOUD_MAP: Final = f"arn:aws:servicediscovery:{SCOPE.region}:{SCOPE.account}"
NAMESPACE: Final = NamespaceArn(f"{CLOUD_MAP}:namespace/ns-m")
LISTENERS: Final = ({"port_mapping": {"port": 8080, "protocol": "http"}},)
HUB: Final = "hub"
MIDDLE: Final = "n5"


class Place:
    """A mesh of so many nodes, and what follows it."""

    def __init__(self, nodes: int) -> None:
        self.store, self.feed = MemoryStore(), Feed(BootstrapSettings())
        self._ids = SystemIds()
        quotas = AppMeshQuotas(
            virtual_nodes_per_mesh=MANY, virtual_services_per_mesh=MANY, virtual_routers_per_mesh=MANY
        )
        self._dispatcher = ServiceDispatcher(appmesh(quotas), load_models(["appmesh"])["appmesh"])
        self.broadcast = workload_meshes(self.store.world, self.feed, AppMeshOptions())
        self._make(nodes)
        self.parts = self.publish(self.store.world.records())

    def _make(self, nodes: int) -> None:
        self._ask("CreateMesh")
        self.store.apply([Put(Namespace(NAMESPACE, NamespaceId("ns-m"), "m", NamespaceType.HTTP, BORN))])
        self._node(HUB, [])
        for number in range(nodes):
            self._node(f"n{number}", [HUB, *(f"n{(number + step) % nodes}" for step in range(1, NEXT + 1))])

    def _node(self, name: str, calls: Iterable[str]) -> None:
        """A virtual node that calls these services, and all that provides its own."""
        self._ask(
            "CreateVirtualNode",
            virtual_node_name=name,
            spec={
                "listeners": LISTENERS,
                "service_discovery": {"aws_cloud_map": {"namespace_name": "m", "service_name": name}},
                "backends": [{"virtual_service": {"virtual_service_name": called}} for called in calls],
            },
        )
        self._ask("CreateVirtualRouter", virtual_router_name=name, spec={"listeners": LISTENERS})
        action = {"weighted_targets": [{"virtual_node": name, "weight": 1}]}
        route = {"http_route": {"match": {"prefix": "/"}, "action": action}}
        self._ask("CreateRoute", virtual_router_name=name, route_name="all", spec=route)
        provider = {"virtual_router": {"virtual_router_name": name}}
        self._ask("CreateVirtualService", virtual_service_name=name, spec={"provider": provider})
        arn = DiscoveryServiceArn(f"{CLOUD_MAP}:service/srv-{name}")
        service = DiscoveryService(arn, DiscoveryServiceId(f"srv-{name}"), name, NAMESPACE, BORN)
        self.store.apply(
            [Put(service), Put(DiscoveryInstance(arn, InstanceId("i"), {INSTANCE_IPV4: "10.0.0.1"}, BORN))]
        )

    def _ask(self, operation: str, **params: object) -> None:
        entry = self._dispatcher.operation(operation)
        ctx = Context(SCOPE, BORN, self._ids, self.store, principal="bench", access_key="", request_id="bench")
        entry.handle(ctx, self._dispatcher.typed_request(entry, {"mesh_name": "m", **params}))

    def publish(self, records: Iterable[StoredRecord]) -> int:
        """Have proxies follow these; how many parts are made anew."""
        keys = [Key(table_name(type(record)), record.key) for record in records]
        stale = self.broadcast.invalidate(keys)
        for workload in stale:
            self.broadcast.update(workload)
        return len(stale)

    def change(self, record: StoredRecord) -> int:
        """The same for a record that is another from now on."""
        self.store.apply([Put(record)])
        return self.publish([record])


def node(place: Place, number: int) -> int:
    """A virtual node is updated."""
    found = app_mesh.virtual_node(place.store.world, mesh_arn(SCOPE, "m"), MIDDLE)
    assert found is not None  # noqa: S101
    return place.change(replace(found, version=number))


def route(place: Place, number: int) -> int:
    """A weight moves on a route."""
    router = app_mesh.virtual_router(place.store.world, mesh_arn(SCOPE, "m"), MIDDLE)
    assert router is not None  # noqa: S101
    (route_record,) = app_mesh.routes(place.store.world, router.arn)
    target = replace(route_record.spec.targets[0], weight=number % 100 + 1)
    http = route_record.spec.http_route
    assert http is not None  # noqa: S101
    action = replace(http.action, weighted_targets=(target,))
    return place.change(replace(route_record, spec=replace(route_record.spec, http_route=replace(http, action=action))))


def instance(place: Place, number: int, of: str = MIDDLE) -> int:
    """An instance has another address."""
    (found,) = place.store.world.discovery_instances.by("service", f"{CLOUD_MAP}:service/srv-{of}")
    return place.change(replace(found, attributes={INSTANCE_IPV4: f"10.0.0.{number % 250 + 1}"}))


def hub(place: Place, number: int) -> int:
    """The same of the node that all call."""
    return instance(place, number, HUB)


CHANGES: Final[Mapping[str, Callable[[Place, int], int]]] = {
    "a virtual node is updated": node,
    "a route's weights change": route,
    "an instance comes or goes": instance,
    "an instance of the node that all call": hub,
}


def main() -> None:
    """Measure both, in turn."""
    places = [Place(nodes) for nodes in SIZES]
    small, large = (f"among {nodes:,} nodes" for nodes in SIZES)
    for label, change in CHANGES.items():
        rows: dict[str, list[float]] = {small: [], large: []}
        for number in range(2, 2 + ROUNDS):
            for place, row in zip(places, rows.values(), strict=True):
                began = time.perf_counter()
                change(place, number)
                row.append(1000 * (time.perf_counter() - began))
        show(label, "ms", rows, small)


if __name__ == "__main__":
    main()
