"""The requests to services that the planner deploys itself, and the events of their tasks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from moyai.api.ecs.tasks.protection import expiry, with_protection
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.cloudwatch.alarm import AlarmState
from moyai.domain.connect.names import is_virtual
from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.placement import ENABLED
from moyai.domain.ecs.service import DeploymentConfiguration, Service, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeploymentStatus
from moyai.domain.ecs.strategy import (
    CanaryConfiguration,
    CircuitBreaker,
    Cleanup,
    DeploymentAlarms,
    EarlySuccess,
    HookAction,
    HookTarget,
    HookTimeout,
    LifecycleHook,
    LifecycleStage,
    LinearConfiguration,
    Strategy,
    ThresholdConfiguration,
    ThresholdType,
)
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.ecs.traffic import WHOLE
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import ServiceArn
from moyai.plan.cloudmap.task_registration import endpoints
from moyai.plan.events import STEADY, STUCK
from moyai.plan.service.rollout_counts import task_bounds
from moyai.plan.service_connect.endpoints import endpoints_in
from moyai.plan.service_connect.live_names import follows_namespace
from moyai.ports.runtime import CannotPull, CannotStart, RuntimeFault, SandboxFailed
from moyai.testing.instances import for_instances, instance, on_instances
from moyai.testing.records import put_alarm
from moyai.testing.world import CHECK, container
from tests.model.harness import Harness, at_once
from tests.model.instance_events import PICK, InstanceEvents

FAULTS: dict[str, type[RuntimeFault]] = {
    "prepare": SandboxFailed,
    "pull": CannotPull,
    "start": CannotStart,
    "start_proxy": CannotStart,
}
STARTS = ["", "cannot_start", "listens_after=6", "listens_after=3600", "listens_after=1 after=2 exit=1"]
"""How applications start, in the words of the runtime ``sim``."""
BOUNDS = [(100, 200), (50, 200), (50, 100), (0, 100), (100, 150), (66, 133)]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:check"
PAUSES = (
    LifecycleHook(HookTarget.PAUSE, (LifecycleStage.PRE_SCALE_UP, LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT)),
    LifecycleHook(HookTarget.PAUSE, (LifecycleStage.POST_TEST_TRAFFIC_SHIFT,), HookTimeout(1, HookAction.CONTINUE)),
)
ROLLING_HOOKS = (
    LifecycleHook(HookTarget.PAUSE, (LifecycleStage.PRE_SCALE_UP,), HookTimeout(5, HookAction.CONTINUE)),
    LifecycleHook(
        HookTarget.AWS_LAMBDA, (LifecycleStage.PRE_SCALE_UP, LifecycleStage.POST_SCALE_UP), hook_target_arn=FUNCTION
    ),
)
FUNCTIONS = (
    LifecycleHook(
        HookTarget.AWS_LAMBDA,
        (LifecycleStage.POST_SCALE_UP, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT),
        HookTimeout(5, HookAction.CONTINUE),
        hook_target_arn=FUNCTION,
    ),
)
BREAKERS = tuple(
    CircuitBreaker(
        enable=True, rollback=rollback, threshold_configuration=ThresholdConfiguration(ThresholdType.COUNT, 2)
    )
    for rollback in (True, False)
)
HOWS: list[dict[str, Any]] = [
    {},
    {"strategy": Strategy.BLUE_GREEN},
    {"strategy": Strategy.BLUE_GREEN, "bake_time_in_minutes": 1, "lifecycle_hooks": PAUSES},
    {"strategy": Strategy.LINEAR, "linear_configuration": LinearConfiguration(30.0, 1)},
    {"strategy": Strategy.CANARY, "canary_configuration": CanaryConfiguration(5.0, 0), "lifecycle_hooks": PAUSES[:1]},
    {"deployment_circuit_breaker": BREAKERS[0]},
    {"alarms": DeploymentAlarms(("errors",), rollback=True, enable=True), "bake_time_in_minutes": 1},
    {
        "alarms": DeploymentAlarms(("errors",), rollback=False, enable=True),
        "early_success_criteria": EarlySuccess(
            enable=True, healthy_percent=50, source_service_revision_cleanup=Cleanup.DEFERRED
        ),
    },
    {
        "strategy": Strategy.CANARY,
        "canary_configuration": CanaryConfiguration(5.0, 0),
        "alarms": DeploymentAlarms(("errors",), rollback=True, enable=True),
    },
    {"deployment_circuit_breaker": BREAKERS[1]},
    {"lifecycle_hooks": ROLLING_HOOKS},
    {"lifecycle_hooks": ROLLING_HOOKS[:1], "deployment_circuit_breaker": BREAKERS[0]},
    {"strategy": Strategy.BLUE_GREEN, "lifecycle_hooks": FUNCTIONS},
    {
        "strategy": Strategy.LINEAR,
        "linear_configuration": LinearConfiguration(50.0, 1),
        "lifecycle_hooks": (*FUNCTIONS, *PAUSES[:1]),
    },
    {"strategy": Strategy.BLUE_GREEN, "deployment_circuit_breaker": BREAKERS[0]},
    {
        "strategy": Strategy.LINEAR,
        "linear_configuration": LinearConfiguration(50.0, 0),
        "deployment_circuit_breaker": BREAKERS[1],
    },
]


ROLLING = [how for how in HOWS if "strategy" not in how]
"""What a DAEMON service takes."""


class Planner(InstanceEvents):
    def __init__(self) -> None:
        super().__init__()
        self.it = Harness()
        self.names = 0

    @precondition(lambda self: self.names < 4)
    @rule(
        desired=st.integers(0, 4),
        percents=st.sampled_from(BOUNDS),
        how=st.sampled_from(HOWS),
        offers=st.sampled_from([None, [], ["web"]]),
        checked=st.booleans(),
        ttl=st.sampled_from([None, 0, 10, 60, 100_000]),
    )
    def create_service(self, desired, percents, how, offers, checked, ttl):
        self.names += 1
        limits = DeploymentConfiguration(maximum_percent=percents[1], minimum_healthy_percent=percents[0])
        limits = _with(limits, how)
        definition = self._definition(checked=checked)
        arn = self.it.build.service(f"s{self.names}", definition, desired, offers=offers, bounds=limits)
        if percents[1] > 100:
            service = self.it.book.world.services[arn]
            self.it.book.apply([Put(replace(service, availability_zone_rebalancing=ENABLED))])
        if ttl is not None:
            self.it.build.discover(arn, self.it.build.registry(f"s{self.names}", ttl))

    @precondition(lambda self: self.names < 4)
    @rule(least=st.sampled_from([0, 50, 99]), how=st.sampled_from(ROLLING), checked=st.booleans())
    def create_daemon(self, least, how, checked):
        self.names += 1
        limits = _with(DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=least), how)
        definition = for_instances(self.it.build, self._definition(checked=checked, host_port=8000 + self.names))
        on_instances(self.it.build, f"s{self.names}", definition, deployment_configuration=limits)

    @precondition(lambda self: len(self._hosts()) < 3)
    @rule()
    def an_instance_comes(self):
        instance(self.it.build, is_connected=False)

    @precondition(lambda self: self._active())
    @rule(which=PICK, desired=st.integers(0, 5))
    def scale(self, which, desired):
        if not self._service(which).is_daemon:
            self.it.build.scale(self._service(which).arn, desired)

    @precondition(lambda self: self._active())
    @rule(which=PICK, checked=st.booleans(), words=st.sampled_from(STARTS))
    def deploy(self, which, checked, words):
        self._deploy(self._service(which), checked=checked, words=words)

    @precondition(lambda self: self._active())
    @rule(which=PICK, how=st.sampled_from(HOWS))
    def another_strategy(self, which, how):
        service = self._service(which)
        if not service.is_daemon or how in ROLLING:
            self.it.build.configure(service.arn, _with(service.deployment_configuration, how))

    @precondition(lambda self: self._moving())
    @rule(which=PICK)
    def a_hook_is_answered(self, which):
        self.it.build.go_on(self._moving()[which % len(self._moving())])

    @precondition(lambda self: self._moving())
    @rule(which=PICK)
    def a_deployment_is_rolled_back(self, which):
        service = self._moving()[which % len(self._moving())]
        record = self.it.build.deployment(service)
        begun = record.status in {ServiceDeploymentStatus.PENDING, ServiceDeploymentStatus.IN_PROGRESS}
        if begun and record.stage is not LifecycleStage.CLEAN_UP:
            self.it.build.roll_back(service)

    @precondition(lambda self: self._moving())
    @rule(which=PICK)
    def a_deployment_is_aborted(self, which):
        service = self._moving()[which % len(self._moving())]
        record = self.it.build.deployment(service)
        begun = record.status is ServiceDeploymentStatus.IN_PROGRESS
        if begun and record.stage not in {LifecycleStage.CLEAN_UP, LifecycleStage.RECONCILE_SERVICE}:
            self.it.build.abort(service)

    @precondition(lambda self: self._active())
    @rule(which=PICK)
    def delete(self, which):
        self.it.build.delete(self._service(which).arn)

    @rule()
    def run_a_task(self):
        self.it.build.run(self.it.build.definition("job", container("app", ("sim", "after=7"))))

    @precondition(lambda self: self._alive())
    @rule(which=PICK)
    def stop_a_task(self, which):
        self.it.build.stop(self._task(which).arn)

    @precondition(lambda self: self._alive())
    @rule(which=PICK, minutes=st.sampled_from([None, 1, 60]))
    def a_task_is_protected(self, which, minutes):
        until = None if minutes is None else expiry(self.it.clock.now(), minutes)
        changed = with_protection(self._task(which), until)
        if isinstance(changed, Task):
            self.it.book.apply([Put(changed)])

    @precondition(lambda self: self._alive())
    @rule(which=PICK, code=st.sampled_from([0, 1, 137]))
    def a_container_dies(self, which, code):
        task = self._task(which)
        self.it.runtime.end_container(task.id, task.containers[which % len(task.containers)].name, code)

    @precondition(lambda self: self._alive())
    @rule(which=PICK)
    def a_host_is_lost(self, which):
        self.it.runtime.lose_sandbox(self._task(which).id)

    @precondition(lambda self: self._alive())
    @rule(which=PICK, health=st.sampled_from(Health))
    def health_flips(self, which, health):
        self.it.runtime.set_health(self._task(which).id, "web", health)

    @precondition(lambda self: self._registries())
    @rule(which=PICK)
    def a_registry_is_deleted_by_hand(self, which):
        registry = self._registries()[which % len(self._registries())]
        instances = self.it.book.world.discovery_instances.by("service", registry.arn)
        self.it.book.apply([Delete(DiscoveryInstance, i.key) for i in instances])
        self.it.book.apply([Delete(DiscoveryService, registry.key)])

    @rule(verb=st.sampled_from(sorted(FAULTS)))
    def something_fails_next(self, verb):
        self.it.runtime.fail_next(verb, FAULTS[verb]("no"))

    @rule(seconds=st.sampled_from([0, 2, 40]))
    def pulls_take_longer(self, seconds):
        self.it.runtime.images.pull_seconds = seconds

    @rule(seconds=st.sampled_from([0.3, 1, 6, 31, 400, 4000]))
    def time_passes(self, seconds):
        self.it.pass_time(seconds)

    @rule()
    def proxies_acknowledge(self):
        self.it.acknowledge()

    @rule(state=st.sampled_from(AlarmState))
    def an_alarm_moves(self, state):
        put_alarm(self.it.build, "errors", state)

    @rule(value=st.sampled_from(["on", "off"]))
    def live_endpoints_are_switched(self, value):
        self.it.build.live(value)

    @precondition(lambda self: self.it.keys)
    @rule(which=st.lists(PICK, min_size=1, max_size=12))
    def the_planner_works(self, which):
        for pick in which:
            if keys := self.it.keys:
                self.it.step(keys[pick % len(keys)])

    @rule()
    def the_planner_works_on_everything(self):
        self.it.rest()

    def teardown(self):
        put_alarm(self.it.build, "errors", AlarmState.OK)
        for service in self._active():
            plain = replace(
                service.deployment_configuration,
                lifecycle_hooks=(),
                deployment_circuit_breaker=CircuitBreaker(enable=False, rollback=False),
            )
            self.it.build.configure(service.arn, plain)
            self._deploy(service, checked=True)
        self.it.converge()
        assert self.it.plans_left() == []
        for service in self._active():
            tasks = self.it.build.tasks(service.arn)
            if service.is_daemon and not self._check_daemon(service, tasks):
                continue
            assert [t.last_status for t in tasks] == [TaskStatus.RUNNING] * service.desired_count
            if self._is_stuck(service):
                continue
            assert {t.deployment for t in tasks} <= {service.primary.id}
            assert len(service.deployments) == 1
            assert service.traffic.weight(service.primary.pool) == WHOLE
            assert service.current_deployment is None
            assert self.it.build.deployment(service.arn).status is ServiceDeploymentStatus.SUCCESSFUL
            assert self.it.build.messages(service.arn)[-1].endswith(STEADY)
        self._check_gone()
        self._check_names()
        services = self.it.book.world.discovery_services
        owed = {(e.service, t.arn) for t in self._alive() for e in endpoints(t) if e.service in services}
        registered = self.it.book.world.discovery_instances
        assert {(i.service, i.task) for i in registered} == owed
        assert {i.health for i in registered} <= {Health.HEALTHY}

    def _check_gone(self):
        """Assert that deleted services have no tasks, and stopped tasks have no resources."""
        world = self.it.book.world
        for service in world.services:
            if service.status is not ServiceStatus.ACTIVE:
                assert service.status is ServiceStatus.INACTIVE
                assert self.it.build.tasks(service.arn) == []
        kept = {t.id for t in self._alive()} | {i.id for i in self._hosts()}
        assert set(at_once(self.it.runtime.observe())) <= kept

    def _check_daemon(self, service, tasks):
        """Whether all is as it is to be; it isn't where other services keep an instance that is drained."""
        active = {i.arn for i in self._hosts() if i.status is ContainerInstanceStatus.ACTIVE}
        there = {t.container_instance for t in tasks}
        assert active <= there
        assert service.desired_count == len(active)
        assert all(t.is_protected(self.it.clock.now()) for t in tasks if t.container_instance not in active)
        return active == there

    def _check_names(self):
        """Assert that a task's hosts have the answered names, and no others; live names are all that are offered."""
        world = self.it.book.world
        for task in self._alive():
            if task.view is None:
                continue
            sandbox = at_once(self.it.runtime.inspect(task.id))
            hosts = {(h.name, h.address) for h in sandbox.hosts if is_virtual(h.address)}
            called = {(n.dns_name, n.address): n.target for n in task.view.names if n.left_at is None}
            answered = {h for h, target in called.items() if world.discovery_instances.by("service", target)}
            assert answered <= hosts <= called.keys()
            if follows_namespace(world, task.cluster):
                offered = dict(endpoints_in(world, task.view.namespace, leaving=True))
                assert {(n.dns_name, n.port): n.target for n in task.view.names} == offered

    def _deploy(self, service: Service, *, checked: bool, words: str = "") -> None:
        made = self._definition(checked=checked, words=words, host_port=8000 + int(service.name[1:]))
        self.it.build.deploy(service.arn, for_instances(self.it.build, made) if service.is_daemon else made)

    def _definition(self, *, checked: bool = False, words: str = "", host_port: int | None = None) -> TaskDefinition:
        definition = container("web", ("sim", *words.split()) if words else None, port=8080)
        mappings = tuple(replace(m, host_port=host_port) for m in definition.port_mappings)
        definition = replace(definition, port_mappings=mappings, health_check=CHECK if checked else None)
        return self.it.build.definition("web", definition)

    def _is_stuck(self, service: Service) -> bool:
        """Rounding leaves no move, which the service says of itself unless it waits for a task's health."""
        limits = task_bounds(service)
        said = any(m.endswith(STUCK) for m in self.it.build.messages(service.arn))
        waits = any(t.health_status is Health.UNKNOWN for t in self.it.build.tasks(service.arn))
        return limits.minimum_healthy == limits.maximum and (said or waits)

    def _registries(self) -> list[DiscoveryService]:
        return [s for s in self.it.book.world.discovery_services if s.owner is None]

    def _active(self) -> list[Service]:
        """The services whose deployments are the planner's own."""
        return [s for s in self.it.book.world.services if s.status is ServiceStatus.ACTIVE and not s.is_external]

    def _service(self, pick: int) -> Service:
        return self._active()[pick % len(self._active())]

    def _moving(self) -> list[ServiceArn]:
        return [s.arn for s in self._active() if s.current_deployment is not None]

    def _alive(self) -> list[Task]:
        return [t for t in self.it.book.world.tasks if not t.stopped]

    def _task(self, pick: int) -> Task:
        return self._alive()[pick % len(self._alive())]


def _with(configuration: DeploymentConfiguration, how: dict[str, Any]) -> DeploymentConfiguration:
    fresh = DeploymentConfiguration(configuration.maximum_percent, configuration.minimum_healthy_percent)
    return replace(fresh, **how)
