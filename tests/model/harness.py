"""The planner and a simulated runtime, one step at a time; every step is checked against the planner's rules."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.strategy import LifecycleStage
from moyai.domain.ecs.task import AFTER_DRAIN, TASK_TRANSITIONS, Task, TaskStatus
from moyai.domain.ecs.task_set import Scale, computed_count
from moyai.domain.ecs.traffic import WHOLE
from moyai.domain.sandbox.network import HostName
from moyai.domain.sandbox.spec import ProxySpec
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Delete, Drain, Observed, ProxyState, Put, Rerouting
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ContainerInstanceArn, Pool, ProxyId, ServiceArn, TaskArn, TaskId
from moyai.plan.action import (
    Plan,
    PrepareSandbox,
    PullImages,
    RejectNewConnections,
    ReleaseSandbox,
    StartContainer,
    StartMeshProxy,
    StartProxy,
    StopContainer,
    WriteHosts,
)
from moyai.plan.capacity.container_instance import plan_instance, sandbox_of
from moyai.plan.cloudmap.task_registration import LONGEST_TTL, offers
from moyai.plan.placement.daemons import daemon_hosts
from moyai.plan.service.rollout_counts import task_bounds
from moyai.plan.service.scheduler import plan_service
from moyai.plan.service_connect.live_names import follows_namespace, unlisted_endpoints
from moyai.plan.strategy.context import REROUTE_LIMIT
from moyai.plan.task.drain_ports import DRAIN_LIMIT
from moyai.plan.task.health import has_health_check, is_healthy
from moyai.plan.task.lifecycle import plan_task
from moyai.plan.task.readiness import LISTEN_LIMIT, expected_listeners
from moyai.ports.runtime import RuntimeFault
from moyai.reconcile.execute import failing_task, mesh_proxy
from moyai.runtime.sim.runtime import SimRuntime
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import Builder, PlainBook

ROUNDS = 400


class Harness:
    """``step`` works on one key; ``rest`` on all, until nothing is to be done."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.ids = SeededIds(3)
        self.book = PlainBook()
        self.build = Builder(self.book, self.clock, self.ids)
        self.runtime = SimRuntime(self.clock)
        self.held: set[TaskArn] = set()
        self.rejecting: set[TaskId] = set()
        self.acked_names: dict[TaskId, frozenset[tuple[str, int]]] = {}
        self.unaware: set[ServiceArn] = set()
        """Services whose callers have not yet acknowledged their traffic."""
        self.cached_until: dict[TaskId, Instant] = {}
        self.wakes: dict[str, Instant] = {}
        self._faults: dict[TaskId, str] = {}

    def begin(self, key: str) -> Plan:
        """One plan, recorded and not carried out: its effects come late."""
        plan = self._plan(key)
        self._check_service(key, plan)
        self._record(plan)
        return plan

    def finish(self, plan: Plan) -> None:
        """Carry out what ``begin`` gave, whatever has happened since."""
        self._perform(plan)
        self._check_world()

    @property
    def keys(self) -> list[str]:
        world = self.book.world
        return [*world.services.keys(), *world.tasks.keys(), *world.container_instances.keys()]

    def step(self, key: str) -> bool:
        """One plan, recorded and carried out; whether there was anything in it."""
        plan = self._plan(key)
        self.wakes.pop(key, None)
        if plan.wake_at is not None:
            self.wakes[key] = plan.wake_at
        self._check_service(key, plan)
        self._record(plan)
        self._perform(plan)
        self._check_world()
        return bool(plan.actions)

    def rest(self) -> None:
        """Work on everything until every plan is empty or only waits."""
        done: dict[str, Plan] = {}
        for _ in range(ROUNDS):
            busy = [
                k for k in self.keys if self._plan(k).actions and self._plan(k).effects != done.get(k, Plan()).effects
            ]
            busy += [k for k in self.keys if self._plan(k).changes]
            if not busy:
                return
            for key in dict.fromkeys(busy):
                done[key] = self._plan(key)
                self.step(key)
        raise AssertionError("it never comes to rest")

    def acknowledge(self) -> None:
        """Every proxy has its newest configuration, and has said so."""
        self.held.clear()
        for task in self.book.world.tasks:
            names = () if task.view is None else task.view.names
            self.acked_names[task.id] = frozenset((n.address, n.port) for n in names)
        self.unaware.clear()

    def pass_time(self, seconds: float) -> None:
        self.clock.turn_to(later(self.clock.now(), seconds))

    def converge(self, within: float = 7200) -> None:
        """Left alone, with every proxy acknowledging, until nothing is due."""
        end = later(self.clock.now(), within)
        while self.clock.now() < end:
            self.acknowledge()
            self.rest()
            self.pass_time(min([1.0, 600.0][self._quiet()], end - self.clock.now()))
        self.rest()

    def plans_left(self) -> list[Plan]:
        return [p for k in self.keys if (p := self._plan(k)).actions]

    def _quiet(self) -> bool:
        return all(t.last_status in {TaskStatus.RUNNING, TaskStatus.STOPPED} for t in self.book.world.tasks)

    def _plan(self, key: str) -> Plan:
        world, now = self.book.world, self.clock.now()
        arn = parse_arn(key)
        assert arn is not None
        if arn.kind == "service":
            return plan_service(world, self._routes(ServiceArn(key)), ServiceArn(key), now, self.ids)
        if arn.kind == "container-instance":
            return plan_instance(world, self._look_at(ContainerInstanceArn(key)), ContainerInstanceArn(key), now)
        return plan_task(world, self._look(world.tasks.get(key)), TaskArn(key), now, self.ids)

    def _look_at(self, instance: ContainerInstanceArn) -> Observed:
        identity = sandbox_of(instance)
        sandbox = at_once(self.runtime.inspect(identity))
        fault = self._faults.pop(identity, None)
        return Observed(
            sandboxes={} if sandbox is None else {identity: sandbox},
            faults={} if fault is None else {identity: fault},
        )

    def _routes(self, service: ServiceArn) -> Observed:
        waiting = frozenset({ProxyId("a client")}) if service in self.unaware else frozenset()
        return Observed(reroutings={service: Rerouting(waiting_on=waiting)})

    def _look(self, task: Task | None) -> Observed:
        if task is None:
            return Observed()
        sandbox = at_once(self.runtime.inspect(task.id))
        places = unlisted_endpoints(self.book.world, task, () if sandbox is None else sandbox.hosts)
        carries = places and places <= self.acked_names.get(task.id, frozenset())
        definition = self.book.world.task_definitions[task.task_definition]
        expected = expected_listeners(self.book.world, task, definition)
        waiting = frozenset({ProxyId("a client")}) if task.arn in self.held else frozenset()
        return Observed(
            sandboxes={} if sandbox is None else {task.id: sandbox},
            faults={k: f for k, f in self._faults.items() if k == task.id},
            proxies={ProxyId(task.arn): ProxyState(connected=True, reported_at=self.clock.now())},
            drains={task.id: self._drain(task, waiting)},
            with_acked_routes=frozenset({task.id}) if carries else frozenset(),
            listeners={task.id: at_once(self.runtime.open_listeners(task.id, expected))},
        )

    def _drain(self, task: Task, waiting: frozenset[ProxyId]) -> Drain:
        inbound = at_once(self.runtime.inbound_traffic(task.id))
        in_flight = None if inbound is None else inbound.requests
        return Drain(waiting, in_flight=in_flight, rejects_connections=task.id in self.rejecting)

    def _record(self, plan: Plan) -> None:
        for change in plan.changes:
            if isinstance(change, Put) and isinstance(change.record, Task):
                self._check_transition(change.record)
                self._check_view(change.record)
                self._check_ready(change.record)
            elif isinstance(change, Delete) and change.record_type is DiscoveryInstance:
                self._remember(self.book.world.discovery_instances[change.key])
            elif isinstance(change, Put) and isinstance(change.record, Service):
                self._check_traffic(change.record)
            elif isinstance(change, Put) and isinstance(change.record, ServiceDeployment):
                self._check_stage(change.record)
        self.book.apply(plan.changes)

    def _perform(self, plan: Plan) -> None:
        for effect in plan.effects:
            try:
                self._do(effect)
            except RuntimeFault as fault:
                task = failing_task(effect)
                assert task is not None
                self._faults[task] = fault.reason
                return

    def _do(self, effect: object) -> None:
        match effect:
            case PrepareSandbox(sandbox):
                at_once(self.runtime.prepare(sandbox))
            case PullImages(task, images):
                at_once(self.runtime.pull(task, images))
            case StartContainer(container):
                self._check_start(container.task)
                at_once(self.runtime.start(container))
            case StartProxy(task, _, name, timeout):
                at_once(self.runtime.start_proxy(ProxySpec(task, name, b"", timeout)))
            case StartMeshProxy(container, agent):
                at_once(self.runtime.start_proxy(mesh_proxy(container, agent, b"")))
            case WriteHosts(task, daemon_hosts):
                self._check_names(task, daemon_hosts)
                at_once(self.runtime.set_hosts(task, daemon_hosts))
            case RejectNewConnections(task, ports):
                at_once(self.runtime.reject_new_connections(task, ports))
                self.rejecting.add(task)
            case StopContainer(task, container):
                self._check_stop(task)
                at_once(self.runtime.stop(task, container))
            case ReleaseSandbox(task):
                at_once(self.runtime.release(task))

    def _remember(self, instance: DiscoveryInstance) -> None:
        """A client that asked just before the record went keeps the answer for its time to live."""
        service = self.book.world.discovery_services.get(instance.service)
        if service is not None and service.dns is not None:
            ttl = max(record.ttl for record in service.dns.records)
            known = TaskId(instance.id)
            until = later(self.clock.now(), min(ttl, LONGEST_TTL))
            self.cached_until[known] = max(until, self.cached_until.get(known, until))

    # ---- the rules

    def _check_service(self, key: str, plan: Plan) -> None:
        world = self.book.world
        service = world.services.get(key)
        if service is None or service.status is not ServiceStatus.ACTIVE:
            return
        records = (change.record for change in plan.changes if isinstance(change, Put))
        service = next((r for r in records if isinstance(r, Service) and r.arn == key), service)
        before = world.tasks.by("service", service.arn)
        written = {c.record.arn: c.record for c in plan.changes if isinstance(c, Put) and isinstance(c.record, Task)}
        halted = {d.id for d in service.deployments if d.halted}
        assert not any(t.deployment in halted for a, t in written.items() if a not in world.tasks), "it has failed"
        self._check_held(service, plan, [t for a, t in written.items() if a not in world.tasks])
        after = [written.get(t.arn, t) for t in before] + [t for a, t in written.items() if a not in world.tasks]
        if service.is_external:
            self._check_task_sets(service, before, after)
            return
        for pool in {t.pool for t in after}:
            mine = self._staying(service, [t for t in before if t.pool == pool])
            then = self._staying(service, [t for t in after if t.pool == pool])
            healthy, still = self._healthy(mine), self._healthy(then)
            assert still >= min(healthy, self._floor(service, pool)), "minimumHealthyPercent"
            assert _alive(then) <= max(_alive(mine), task_bounds(service).maximum), "maximumPercent"

    def _check_held(self, service: Service, plan: Plan, started: Sequence[Task]) -> None:
        key = service.current_deployment
        records = [c.record for c in plan.changes if isinstance(c, Put) and isinstance(c.record, ServiceDeployment)]
        known = None if key is None else self.book.world.service_deployments.get(key)
        record = next((r for r in records if r.arn == key), known)
        if record is not None and record.moves_forward and record.stage is LifecycleStage.PRE_SCALE_UP:
            assert not any(t.deployment == record.target for t in started), "nothing starts before PRE_SCALE_UP is over"

    def _check_task_sets(self, service: Service, before: Sequence[Task], after: Sequence[Task]) -> None:
        """Each task set is a service of its own: its scale's share of desiredCount is its bounds'."""
        for deployment in service.deployments:
            scale = Scale() if deployment.task_set is None else deployment.task_set.scale
            limits = task_bounds(replace(service, desired_count=computed_count(service.desired_count, scale)))
            mine = [t for t in before if t.deployment == deployment.id]
            then = [t for t in after if t.deployment == deployment.id]
            assert self._healthy(then) >= min(self._healthy(mine), limits.minimum_healthy), "minimumHealthyPercent"
            assert _alive(then) <= max(_alive(mine), limits.maximum), "maximumPercent"
        assert {t.deployment for t in after if not t.stopped} <= {d.id for d in service.deployments}, "nobody's task"

    def _check_stage(self, record: ServiceDeployment) -> None:
        """More calls come only to a revision that can take them."""
        before = self.book.world.service_deployments.get(record.arn)
        decisive = record.stage in {LifecycleStage.PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.CLEAN_UP}
        if (
            before is None
            or before.stage is record.stage
            or not decisive
            or not record.moves_forward
            or record.has_one_pool
        ):
            return
        service = self.book.world.services[record.service]
        target = [t for t in self.book.world.tasks.by("service", service.arn) if t.deployment == record.target]
        assert self._healthy(target) >= task_bounds(service).minimum_healthy, (
            "enough healthy tasks before more calls come to them"
        )

    def _floor(self, service: Service, pool: Pool) -> int:
        """How many healthy tasks of the pool callers may count on."""
        limits = task_bounds(service)
        known = pool in service.traffic.pools or not service.traffic.shares
        waited = self.clock.now() >= later(service.traffic.since, REROUTE_LIMIT)
        may_call = known or (service.arn in self.unaware and not waited)
        return limits.minimum_healthy if may_call else 0

    def _check_traffic(self, service: Service) -> None:
        """Weights come to a whole; no pool comes with weight, or goes with weight."""
        last = self.book.world.services.get(service.arn)
        traffic = service.traffic
        assert not traffic.shares or sum(s.weight for s in traffic.shares) == WHOLE
        assert traffic.test is None or traffic.test in traffic.pools
        if last is None or last.traffic == traffic or not last.traffic.shares:
            return
        before = last.traffic
        assert not any(traffic.weight(p) for p in traffic.pools - before.pools), "known before it is called"
        assert not any(before.weight(p) for p in before.pools - traffic.pools), "not called before it is forgotten"
        if before.pools - traffic.pools:
            waited = self.clock.now() >= later(before.since, REROUTE_LIMIT)
            assert service.arn not in self.unaware or waited, "acknowledged before it is forgotten"
        self.unaware.add(service.arn)

    def _staying(self, service: Service, tasks: Sequence[Task]) -> Sequence[Task]:
        """Of a DAEMON service, those that are where they can stay: one that goes last is not of its bounds."""
        places = {i.arn for i in daemon_hosts(self.book.world, service)} if service.is_daemon else set()
        return [t for t in tasks if not service.is_daemon or t.container_instance in places]

    def _healthy(self, tasks: Sequence[Task]) -> int:
        return sum(is_healthy(t, self.book.world.task_definitions[t.task_definition]) for t in tasks)

    def _check_transition(self, record: Task) -> None:
        before = self.book.world.tasks.get(record.arn)
        if before is None:
            assert record.last_status is TaskStatus.PROVISIONING
            return
        assert record.version > before.version
        self._check_protection(before, record)
        if record.last_status is not before.last_status:
            assert record.last_status in TASK_TRANSITIONS[before.last_status]
        if record.last_status is TaskStatus.DEACTIVATING and before.last_status is TaskStatus.RUNNING:
            self.held.add(record.arn)

    def _check_ready(self, record: Task) -> None:
        """Without a health check a task is ready when it listens, or when it has been waited for in vain."""
        before = self.book.world.tasks.get(record.arn)
        definition = self.book.world.task_definitions[record.task_definition]
        if before is None or record.ready_at is None or before.ready_at is not None or has_health_check(definition):
            return
        expected = expected_listeners(self.book.world, before, definition)
        waited = before.activated_at is not None and self.clock.now() >= later(before.activated_at, LISTEN_LIMIT)
        since_start = before.started_at is not None and self.clock.now() >= later(before.started_at, LISTEN_LIMIT)
        listens = at_once(self.runtime.open_listeners(record.id, expected)) == frozenset(expected)
        assert listens or waited or since_start, "ready before it listens"

    def _check_protection(self, before: Task, record: Task) -> None:
        told = before.desired_status is not record.desired_status
        if told and before.is_protected(self.clock.now()) and before.service is not None:
            deleted = self.book.world.services[before.service].status is not ServiceStatus.ACTIVE
            scaling = (record.stopped_reason or "").startswith("Scaling activity")
            assert deleted or not scaling, "neither a scale-in nor a deployment stops a protected task"

    def _check_view(self, record: Task) -> None:
        last = self.book.world.tasks.get(record.arn)
        if last is None or last.view is None or record.view is None:
            return
        if not follows_namespace(self.book.world, record.cluster):
            added = {n.dns_name for n in record.view.names} - {n.dns_name for n in last.view.names}
            assert not added, "as on AWS, nothing moves under a task"
        before = {n.dns_name: n.address for n in last.view.names}
        now = {n.dns_name: n.address for n in record.view.names}
        assert all(now[name] == before[name] for name in before.keys() & now.keys()), "a name keeps its address"
        assert len(set(now.values())) == len(now), "one address, one name"

    def _check_start(self, task_id: TaskId) -> None:
        task = self._task(task_id)
        sandbox = at_once(self.runtime.inspect(task_id))
        if task.connect_proxy is not None and sandbox is not None:
            assert sandbox.containers[task.connect_proxy.name].health is Health.HEALTHY, "the proxy starts first"

    def _check_names(self, task_id: TaskId, daemon_hosts: Sequence[HostName]) -> None:
        task, sandbox = self._task(task_id), at_once(self.runtime.inspect(task_id))
        assert task.view is not None
        names = {HostName(n.address, n.dns_name): (n.address, n.port) for n in task.view.names if n.left_at is None}
        for shown in set(daemon_hosts) - set(sandbox.hosts):
            assert names[shown] in self.acked_names[task_id], "a name is found only when its proxy leads it on"

    def _check_stop(self, task_id: TaskId) -> None:
        task = self._task(task_id)
        assert not self.book.world.discovery_instances.by("task", task.arn), "deregistered before stopped"
        if task_id in self.cached_until:
            assert self.clock.now() > self.cached_until[task_id], "its records have expired before it is stopped"
        if task.deactivating_at is not None and offers(task):
            forgotten = task.arn not in self.held
            assert forgotten or self.clock.now() >= later(task.deactivating_at, DRAIN_LIMIT), "drained before stopped"

    def _check_world(self) -> None:
        world = self.book.world
        alive = [t for t in world.tasks if not t.stopped]
        addresses = [t.own_interface.address for t in alive if t.own_interface is not None]
        addresses += [i.interface.address for i in world.container_instances.by("alive", "yes")]
        assert len(addresses) == len(set(addresses)), "one address, one task"
        self._check_instances(alive)
        for instance in world.discovery_instances:
            assert instance.task is not None
            assert world.tasks[instance.task].last_status is TaskStatus.RUNNING, "only RUNNING tasks are registered"
        for service in world.services:
            if service.status is ServiceStatus.ACTIVE:
                cared_for = {d.pool for d in service.deployments}
                serving = (t for t in world.tasks.by("service", service.arn) if t.last_status not in AFTER_DRAIN)
                assert all(t.pool in cared_for for t in serving), "a deployment speaks for every task"
        for log in world.service_logs:
            assert len(log.events) <= 100
            assert all(a.created_at > b.created_at for a, b in pairwise(log.events))

    def _check_instances(self, alive: Sequence[Task]) -> None:
        """Nothing of an instance is given twice, and a DAEMON service has one task there."""
        placed = [t for t in alive if t.container_instance is not None]
        bound = [(t.container_instance, b) for t in placed for c in t.containers for b in c.network_bindings]
        ports = [(instance, b.protocol, port) for instance, b in bound for port in b.host_ports]
        assert len(ports) == len(set(ports)), "one port, one task"
        behind = [(t.container_instance, t.bridge_address) for t in placed if t.bridge_address is not None]
        assert len(behind) == len(set(behind)), "one address behind an instance, one task"
        daemons = {s.arn for s in self.book.world.services if s.is_daemon}
        single = [(t.service, t.container_instance) for t in placed if t.service in daemons]
        assert len(single) == len(set(single)), "one task of a daemon on an instance"

    def _task(self, task_id: TaskId) -> Task:
        return next(iter(self.book.world.tasks.by("id", task_id)))


def at_once(verb: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        verb.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


def _alive(tasks: Any) -> int:
    return sum(t.desired_status.value == "RUNNING" for t in tasks)
