"""What one change costs in a small world and in a large one, planned, compiled and published; and what a question does.

Run by `make bench`, or by hand: `.venv/bin/python bench/growth.py`. Both worlds are in memory, made of the same
namespaces of fifty tasks each (five services of ten that can all call each other), with a proxy's stream for each
task. The two are measured in turn. A third world has one namespace, in which a thousand tasks of twenty services can
call each other, once with a proxy each and once with the proxy that tasks share; it has no streams, whose cost
push.py measures. The garbage collector is tuned as in the control plane. No number here is a test.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace
from rig.report import show

from moyai.api.ecs.services.queries import DescribeServicesRequest, describe_services
from moyai.api.ecs.tasks.queries import ListTasksRequest, list_tasks
from moyai.api.operation import Context
from moyai.app.clock import SystemClock
from moyai.app.gc_tuning import gc_tuned
from moyai.app.ids import SystemIds
from moyai.domain.derived import Derived
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.world import Change, Delete, Observed, Put, table_name
from moyai.kernel.ids import ProxyId
from moyai.mesh.app_mesh import AppMeshOptions
from moyai.plan.cloudmap.task_registration import deregister, register
from moyai.plan.network.network_spec import NetworkSpecTracker
from moyai.plan.network.published_ports import published_ports_of
from moyai.plan.service.scheduler import plan_service
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.plan.task.lifecycle import plan_task
from moyai.ports.store import Key
from moyai.reconcile.derived_values import draining_tasks, shifting_services, workload_meshes
from moyai.reconcile.names import NameChanges
from moyai.reconcile.namespace_meshes import NamespaceMeshes
from moyai.reconcile.observe import Observer
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.world import SCOPE, Builder, container
from moyai.xds.server.feed import Feed
from moyai.xds.server.loopback import LoopbackProxies
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

SIZES: Final = (100, 10_000)
SERVICES: Final = 5
REPLICAS: Final = 10
ROUNDS: Final = 7
CALLERS: Final = 1000
CALLED_SERVICES: Final = 20


class Place:
    """A world of this many tasks, all RUNNING, and what follows it. ``services``: those of each namespace, each with
    ``replicas`` tasks; ``shares_proxy``: whether the tasks share the host's proxy.
    """

    def __init__(
        self, tasks: int, services: int = SERVICES, replicas: int = REPLICAS, *, shares_proxy: bool = False
    ) -> None:
        self._services, self._replicas, self._shares_proxy = services, replicas, shares_proxy
        clock, ids = SystemClock(), SystemIds()
        self.store = MemoryStore()
        self.feed = Feed(BootstrapSettings())
        self.ports = ReconcilerPorts(self.store, SimRuntime(clock), self.feed, clock, ids)
        world = self.store.world
        self.network_spec, self.names = NetworkSpecTracker(world), NameChanges(world)
        self.derived: tuple[Derived[Any, Any], ...] = (
            NamespaceMeshes(world, self.feed),
            workload_meshes(world, self.feed, AppMeshOptions()),
            Derived(world, published_ports_of, tuple[PublishedPort, ...](), Task, ContainerInstance),
            draining_tasks(world),
            shifting_services(world),
        )
        self.observer = Observer(self.ports)
        self.proxies = LoopbackProxies(self.feed)
        self.build = Builder(self.store, ids=ids)
        self.service, self.task = self._fill(tasks // (services * replicas))

    def _fill(self, namespaces: int) -> tuple[Service, Task]:
        """A service in the middle of it, and a task of that service."""
        definition = self.build.definition("app", container(port=8080))
        arns = [
            self.build.service(f"s{n}-{s}", definition, self._replicas, offers=("app",), namespace=f"ns{n}")
            for n in range(namespaces)
            for s in range(self._services)
        ]
        for service in [self.store.world.services[arn] for arn in arns]:
            self.store.apply([change for _ in range(self._replicas) for change in self._running(service)])
        service = self.store.world.services[arns[len(arns) // 2]]
        return service, self.build.tasks(service.arn)[0]

    def _running(self, service: Service) -> Iterator[Change]:
        """One more task of the service, as it is once it runs."""
        world, now, ids = self.store.world, self.ports.clock.now(), self.ports.ids
        definition = world.task_definitions[service.primary.task_definition]
        view = service.primary.view
        request = LaunchRequest(service.cluster, definition, service.name, service=service.arn, view=view)
        running = {
            "last_status": TaskStatus.RUNNING,
            "ready_at": now,
            "deployment": service.primary.id,
            "shares_proxy": self._shares_proxy,
        }
        task = replace(launch(world, request, now, ids), **running)
        self.store.apply([Put(task)])
        yield from register(world, task, definition, now)

    def context(self) -> Context:
        """A client's request, now."""
        now = self.ports.clock.now()
        return Context(SCOPE, now, self.ports.ids, self.store, principal="bench", access_key="", request_id="bench")

    def follow(self, *keys: Key) -> None:
        """Have everything follow that is derived from the world."""
        self.names.follow(keys)
        for derived in self.derived:
            derived.follow(keys)
        self.network_spec.follow(keys)

    def change(self, *changes: Change) -> None:
        """Change records, and have it followed."""
        self.store.apply(changes)
        self.follow(*(_key(change) for change in changes))

    def follow_all(self) -> None:
        """Have everything computed from the world."""
        self.follow(*(Key(table_name(type(r)), r.key) for r in self.store.world.records()))

    async def attach(self) -> None:
        """Open every proxy's stream and let it take what it is sent."""
        self.follow_all()
        for task in self.store.world.tasks.by("alive", "yes"):
            await self.proxies.attach(ProxyId(task.arn))
        await self.settled()

    async def settled(self) -> None:
        """Wait until the proxies of the middle have everything."""
        waiting = {ProxyId(t.arn) for t in self.store.world.tasks.by("namespace", self.offer_namespace)}
        changes = self.feed.changes()
        while waiting := {w for w in waiting if (state := self.feed.state(w)) is None or not state.synced}:
            while await anext(changes) not in waiting:
                pass
        await changes.aclose()

    @property
    def offer_namespace(self) -> str:
        """The namespace in the middle."""
        view = self.service.primary.view
        return "" if view is None else view.namespace


async def publish(place: Place) -> None:
    """One endpoint leaves and comes back: compiled, pushed to the fifty proxies that can see it, acknowledged."""
    world = place.store.world
    definition = world.task_definitions[place.task.task_definition]
    for changes in (deregister(world, place.task), register(world, place.task, definition, place.ports.clock.now())):
        place.change(*changes)
        await place.settled()


async def seen(place: Place) -> None:
    """A task is seen to be otherwise, in nothing that anybody else takes of it."""
    place.task = replace(place.task, version=place.task.version + 1)
    place.change(Put(place.task))


async def life(place: Place) -> None:
    """One more task of the service, from its first status to its last, with its endpoints."""
    world, now, ids = place.store.world, place.ports.clock.now(), place.ports.ids
    definition = world.task_definitions[place.task.task_definition]
    view = place.task.view
    request = LaunchRequest(place.task.cluster, definition, "", service=place.service.arn, view=view)
    task = replace(launch(world, request, now, ids), shares_proxy=place.task.shares_proxy)
    for status in TaskStatus:
        task = replace(task, last_status=status)
        ends: Sequence[Change] = ()
        if status is TaskStatus.RUNNING:
            ends = register(world, task, definition, now)
        elif status is TaskStatus.DEACTIVATING:
            ends = deregister(world, task)
        place.change(Put(task), *ends)
    place.change(Delete(Task, task.arn))


async def scale(place: Place) -> None:
    """A service gets one more task: counted, placed, addressed."""
    wanted = replace(place.service, desired_count=REPLICAS + 1)
    place.store.world.apply(Put(wanted))
    plan_service(place.store.world, Observed(), wanted.arn, place.ports.clock.now(), place.ports.ids)
    place.store.world.apply(Put(place.service))


async def step(place: Place) -> None:
    """A look at a task that runs."""
    seen = await place.observer.observe_task(place.task.arn)
    plan_task(place.store.world, seen, place.task.arn, place.ports.clock.now(), place.ports.ids)


async def drain(place: Place) -> None:
    """A look at a task that drains: who still holds its endpoint."""
    leaving = replace(place.task, last_status=TaskStatus.DEACTIVATING, desired_status=DesiredStatus.STOPPED)
    place.store.world.apply(Put(leaving))
    await place.observer.observe_task(leaving.arn)
    place.store.world.apply(Put(place.task))


async def describe(place: Place) -> None:
    """DescribeServices, of ten."""
    arns = [service.arn for service in place.store.world.services][:10]
    describe_services(place.context(), DescribeServicesRequest(tuple(arns)))


async def page(place: Place) -> None:
    """ListTasks, a page of a hundred from the start."""
    list_tasks(place.context(), ListTasksRequest())


async def page_of_service(place: Place) -> None:
    """ListTasks, those of one service."""
    list_tasks(place.context(), ListTasksRequest(service_name=place.service.name))


async def page_of_few(place: Place) -> None:
    """ListTasks by what no index knows: each task is looked at."""
    list_tasks(place.context(), ListTasksRequest(desired_status="STOPPED"))


def _key(change: Change) -> Key:
    return Key(table_name(change.record_type), change.key)


async def timed(change: Callable[[Place], Awaitable[None]], place: Place) -> float:
    """Milliseconds of one change."""
    started = time.perf_counter()
    await change(place)
    return 1000 * (time.perf_counter() - started)


async def measure_one_namespace() -> None:
    """One endpoint among a thousand mutual callers leaves or returns, and one more caller starts and ends: compiled and
    published.
    """
    variants = {"a proxy for each task": False, "the shared proxy": True}
    places = {
        name: Place(CALLERS, CALLED_SERVICES, CALLERS // CALLED_SERVICES, shares_proxy=shares)
        for name, shares in variants.items()
    }
    rows: dict[str, list[float]] = {name: [] for name in places}
    lives: dict[str, list[float]] = {name: [] for name in places}
    for place in places.values():
        place.follow_all()
    for _ in range(ROUNDS):
        for name, place in places.items():
            world, now = place.store.world, place.ports.clock.now()
            definition = world.task_definitions[place.task.task_definition]
            for endpoints in (deregister(world, place.task), register(world, place.task, definition, now)):
                started = time.process_time()
                place.change(*endpoints)
                rows[name].append(1000 * (time.process_time() - started))
            started = time.process_time()
            await life(place)
            lives[name].append(1000 * (time.process_time() - started))
    show(f"an endpoint leaves or returns among {CALLERS:,} mutual callers: processor time", "ms", rows)
    show(f"a task's whole life among {CALLERS:,} mutual callers: processor time", "ms", lives)


async def main() -> None:
    """Measure all."""
    await measure_one_namespace()
    places = [Place(size) for size in SIZES]
    for place in places:
        await place.attach()
    changes = {
        "an endpoint leaves and returns, all ACK": publish,
        "a task is seen, and nothing follows": seen,
        "a task's whole life": life,
        "a service scales by one": scale,
        "a look at a running task": step,
        "a look at a draining task": drain,
        "DescribeServices, 10": describe,
        "ListTasks, 100 of the cluster": page,
        "ListTasks, 10 of a service": page_of_service,
        "ListTasks, 0 that are to stop": page_of_few,
    }
    small, large = (f"among {size:,} tasks" for size in SIZES)
    for label, change in changes.items():
        rows: dict[str, list[float]] = {small: [], large: []}
        for _ in range(ROUNDS):
            for place, row in zip(places, rows.values(), strict=True):
                row.append(await timed(change, place))
        show(label, "ms", rows, small)
    for place in places:
        await place.proxies.close()


if __name__ == "__main__":
    with gc_tuned():
        asyncio.run(main())
