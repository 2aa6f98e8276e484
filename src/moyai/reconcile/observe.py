"""Observes the tasks, container instances, services and front proxies that the planner decides about.

Promise: only facts that can't be observed again are remembered, while the process lives: why a sandbox or a container
could not be made, since when no proxy holds a draining task's endpoints, which tasks reject new connections, and which
tasks wait for their proxy to acknowledge a name. Traffic has shifted when the published mesh was compiled from the
service's present traffic weights and listener rules, and each caller's running proxy, and each load balancer's, has
acknowledged everything that was sent to it since.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TypeVar

from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import ContainerStatus, Task, TaskStatus
from moyai.domain.elb.front import front_proxy, front_sandbox, front_workload
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from moyai.domain.sandbox.network import HostName
from moyai.domain.sandbox.state import ExpectedListener
from moyai.domain.world import Drain, Observed, Rerouting, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ContainerInstanceArn, DiscoveryServiceArn, ProxyId, ServiceArn, TaskArn, TaskId, VpcId
from moyai.mesh.load_balancing import compile_front
from moyai.mesh.service_connect.routes import mesh_service
from moyai.mesh.service_connect.traffic_split import called_service
from moyai.plan.capacity.container_instance import sandbox_of
from moyai.plan.service.pool_decision import has_one_pool
from moyai.plan.service_connect.live_names import unlisted_endpoints
from moyai.plan.task.drain_ports import is_draining, ports_known_to_others
from moyai.plan.task.readiness import awaits_readiness, expected_listeners
from moyai.ports.proxies import ProxyFeed
from moyai.ports.runtime import RuntimeFault
from moyai.reconcile.ports import ReconcilerPorts

K = TypeVar("K")
V = TypeVar("V")

_log = logging.getLogger(__name__)


class Observer:
    """Observes tasks and container instances."""

    def __init__(self, ports: ReconcilerPorts) -> None:
        self._ports = ports
        self._faults: dict[TaskId, str] = {}
        self._acknowledged_at: dict[TaskId, Instant] = {}
        """Since when no proxy holds a draining task's endpoints."""
        self._rejecting: set[TaskId] = set()
        self._awaiting_routes: set[TaskArn] = set()

    def record_fault(self, task: TaskId, fault: RuntimeFault) -> None:
        """Remember why something of this task could not be made."""
        self._faults[task] = fault.reason

    def record_rejecting(self, task: TaskId) -> None:
        """Remember that the task's ports reject new connections."""
        self._rejecting.add(task)

    async def observe_task(self, arn: TaskArn) -> Observed:
        """Observe everything that a task's next step depends on."""
        task = self._ports.store.world.tasks.get(arn)
        if task is None or task.stopped:
            if task is not None:
                self._faults.pop(task.id, None)
                self._acknowledged_at.pop(task.id, None)
                self._rejecting.discard(task.id)
                self._awaiting_routes.discard(arn)
            return Observed()
        sandbox = await self._ports.runtime.inspect(task.id)
        listeners = await self._listeners(task)
        drain = await self._drain(task) if is_draining(self._ports.store.world, task) else None
        fault = self._faults.get(task.id)
        follows_proxy = task.shares_proxy or task.last_status is TaskStatus.STOPPING
        proxy = self._ports.feed.state(ProxyId(task.arn)) if follows_proxy else None
        has_routes = self._has_routes(task, () if sandbox is None else sandbox.hosts)
        return Observed(
            sandboxes=_if_any(task.id, sandbox),
            faults=_if_any(task.id, fault),
            proxies=_if_any(ProxyId(task.arn), proxy),
            drains=_if_any(task.id, drain),
            with_acked_routes=frozenset({task.id}) if has_routes else frozenset(),
            listeners={task.id: listeners},
        )

    async def observe_instance(self, arn: ContainerInstanceArn) -> Observed:
        """Observe everything that a container instance's next step depends on."""
        return await self._observe_sandbox(sandbox_of(arn), f"the container instance {arn}")

    async def observe_host_proxy(self) -> Observed:
        """Observe the sandbox of the host's proxy."""
        return await self._observe_sandbox(HOST_SANDBOX, "the host's proxy")

    async def observe_front(self, vpc: VpcId) -> Observed:
        """Observe a VPC's front proxy, without the load balancers that were published (``Observed.published``)."""
        identity, name = front_sandbox(vpc), front_proxy(vpc)
        observed = await self._observe_sandbox(identity, f"the front proxy of {vpc}")
        endpoints = await self._ports.runtime.proxy_endpoints(identity) if observed.sandboxes else None
        return replace(
            observed, proxies=_if_any(name, self._ports.feed.state(name)), endpoints=_if_any(identity, endpoints)
        )

    async def _observe_sandbox(self, identity: TaskId, subject: str) -> Observed:
        """Observe a sandbox that belongs to no task. A fault is logged, and observed once."""
        fault = self._faults.pop(identity, None)
        if fault is not None:
            _log.warning("%s can't be made, will be tried again: %s", subject, fault)
        sandbox = await self._ports.runtime.inspect(identity)
        return Observed(sandboxes=_if_any(identity, sandbox), faults=_if_any(identity, fault))

    def awaits_routes(self, arn: TaskArn) -> bool:
        """Whether the task, when it was last observed, had names whose routes its proxy had not acknowledged."""
        return arn in self._awaiting_routes

    async def _listeners(self, task: Task) -> frozenset[ExpectedListener]:
        """The open listeners among those that the task must have before it is ready."""
        if not awaits_readiness(task):
            return frozenset()
        world = self._ports.store.world
        listeners = expected_listeners(world, task, world.task_definitions[task.task_definition])
        try:
            return await self._ports.runtime.open_listeners(task.id, listeners) if listeners else frozenset()
        except RuntimeFault as fault:
            _log.warning("the listeners of %s can't be read, will be tried again: %s", task.arn, fault)
            return frozenset()

    def _has_routes(self, task: Task, hosts: tuple[HostName, ...]) -> bool:
        """Whether names are missing in the task's hosts file, and its proxy has acknowledged the routes to them all."""
        addresses = unlisted_endpoints(self._ports.store.world, task, hosts)
        has_routes = bool(addresses) and self._ports.feed.has_acked_routes_to(ProxyId(task.arn), addresses)
        if addresses and not has_routes:
            self._awaiting_routes.add(task.arn)
        else:
            self._awaiting_routes.discard(task.arn)
        return has_routes

    async def _drain(self, task: Task) -> Drain:
        feed = self._ports.feed
        ports = ports_known_to_others(task, self._ports.store.world.task_definitions[task.task_definition])
        holders = {proxy for port in ports for proxy in feed.holders(task.interface.address, port)}
        waiting = {proxy for proxy in holders if self._is_running(proxy)} | self._disconnected_callers(task)
        if waiting:
            self._acknowledged_at.pop(task.id, None)
            return Drain(frozenset(waiting))
        acknowledged_at = self._acknowledged_at.setdefault(task.id, self._ports.clock.now())
        is_rejecting = task.id in self._rejecting
        try:
            inbound = await self._ports.runtime.inbound_traffic(task.id)
        except RuntimeFault:
            inbound = None
        if inbound is None:
            return Drain(acknowledged_at=acknowledged_at, rejects_connections=is_rejecting)
        return Drain(frozenset(), acknowledged_at, inbound.requests, inbound.connections, is_rejecting)

    def _is_running(self, proxy: ProxyId) -> bool:
        """Whether a proxy still runs: a proxy that has ended sends and acknowledges nothing. For an external proxy,
        whether it has a stream.
        """
        task = self._ports.store.world.tasks.get(proxy)
        return self._ports.feed.is_connected(proxy) if task is None else _has_proxy(task)

    def _disconnected_callers(self, leaving: Task) -> set[ProxyId]:
        """Running proxies that may call the task and have no stream, for example after a restart of this process. Their
        configuration is not known, so they must be assumed to have its endpoints.
        """
        callers = (t for t in _callers(self._ports.store.world, leaving) if t != leaving)
        return {p for t in callers if not self._ports.feed.is_connected(p := ProxyId(t.arn))}


def _if_any(key: K, value: V | None) -> Mapping[K, V]:
    """A mapping with the value, or an empty one if there is none."""
    return {} if value is None else {key: value}


def is_shifting_traffic(world: World, arn: ServiceArn) -> bool:
    """Whether the service has more than one pool, or a deployment in a stage: then it may wait for callers' proxies."""
    service = world.services.get(arn)
    if service is None or service.status is ServiceStatus.INACTIVE:
        return False
    record = world.service_deployments.get(service.current_deployment)
    return not has_one_pool(service) or (record is not None and record.stage is not None)


def observe_service(ports: ReconcilerPorts, arn: ServiceArn) -> Observed:
    """Observe which callers of a service have acknowledged its shift of traffic."""
    world = ports.store.world
    service = world.services.get(arn)
    if service is None or not is_shifting_traffic(world, arn):
        return Observed()
    return Observed(reroutings={arn: _rerouting(ports, service)})


def _callers(world: World, leaving: Task) -> Iterator[Task]:
    """The tasks with a running proxy that may call this one: those of its namespace, and those of its mesh or of any
    mesh whose virtual nodes may discover it by Cloud Map.
    """
    if leaving.view is not None:
        targets = {o.discovery_service for o in leaving.view.offers}
        yield from (t for t in world.tasks.by("namespace", leaving.view.namespace) if _calls(t, targets))
    meshes = {mesh.arn for mesh in world.meshes.by("scope", scope_key(scope_of(leaving.arn)))}
    if leaving.identity is not None:
        meshes = {leaving.identity.mesh}
    for mesh in meshes:
        yield from (t for t in world.tasks.by("mesh", mesh) if _has_proxy(t))


def _calls(task: Task, targets: set[DiscoveryServiceArn]) -> bool:
    return _has_proxy(task) and task.view is not None and any(n.target in targets for n in task.view.names)


def _has_proxy(task: Task) -> bool:
    return task.proxy is not None and task.proxy.last_status is ContainerStatus.RUNNING


def _rerouting(ports: ReconcilerPorts, service: Service) -> Rerouting:
    offers, vpcs = ports.store.world.discovery_services.by("owner", service.arn), _front_vpcs(ports, service)
    callers = {proxy for offer in offers for proxy in _unsynced_callers(ports, offer)}
    fronts = {proxy for vpc in vpcs if not _is_synced(ports.feed, proxy := front_proxy(vpc))}
    published = all(_is_published(ports, offer) for offer in offers)
    return Rerouting(published and all(_is_front_published(ports, vpc) for vpc in vpcs), frozenset(callers | fronts))


def _front_vpcs(ports: ReconcilerPorts, service: Service) -> frozenset[VpcId]:
    """The VPCs whose front proxies have the service's listener rules."""
    world = ports.store.world
    balancers = service.primary.balanced_ports if service.deployments else ()
    groups = (world.target_groups.get(b.target_group_arn) for b in balancers if b.advanced_configuration is not None)
    return frozenset(g.vpc for g in groups if g is not None and world.load_balancers.count("vpc", g.vpc))


def _is_front_published(ports: ReconcilerPorts, vpc: VpcId) -> bool:
    """Whether the front proxy's published configuration was compiled from the present listener rules."""
    compiled = compile_front(ports.store.world, vpc, limits=ports.limits)
    return ports.feed.published_mesh(front_workload(vpc)) == compiled


def _is_published(ports: ReconcilerPorts, offer: DiscoveryService) -> bool:
    """Whether the published mesh was compiled from the present weights of the offer's pools."""
    world = ports.store.world
    namespace = world.namespaces.get(offer.namespace)
    if namespace is None:
        return True
    callee = called_service(world, namespace, offer)
    published_service = ports.feed.service(callee.name, namespace.arn)
    return published_service is None or published_service == mesh_service(callee, published_service.target_logs)


def _unsynced_callers(ports: ReconcilerPorts, offer: DiscoveryService) -> set[ProxyId]:
    """Running proxies that call the offer and have not acknowledged everything, or have no stream to do so."""
    tasks = ports.store.world.tasks.by("namespace", offer.namespace)
    callers = (ProxyId(task.arn) for task in tasks if _calls(task, {offer.arn}))
    return {proxy for proxy in callers if not _is_synced(ports.feed, proxy)}


def _is_synced(feed: ProxyFeed, proxy: ProxyId) -> bool:
    state = feed.state(proxy)
    return state is not None and state.synced
