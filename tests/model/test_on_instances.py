"""Services on container instances that come, are drained, lost and deregistered under them.

Nothing is given twice, bounds are kept, and left alone all stand where they should.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus, Resources
from moyai.domain.ecs.placement import PlacementStrategy
from moyai.domain.ecs.service import DeploymentConfiguration, Service, ServiceStatus
from moyai.domain.ecs.task import StopCode, Task, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.plan.events import STEADY, STUCK
from moyai.plan.service.rollout_counts import task_bounds
from moyai.testing.instances import for_instances, instance, on_instances, set_instance_status
from moyai.testing.world import container
from tests.model.harness import Harness
from tests.model.instance_events import PICK, InstanceEvents

BOUNDS = [(100, 200), (50, 200), (50, 100), (0, 100), (66, 133)]
STRATEGIES = [
    (),
    (PlacementStrategy("spread", "instanceId"),),
    (PlacementStrategy("binpack", "cpu"),),
    (PlacementStrategy("spread", "attribute:ecs.availability-zone"), PlacementStrategy("binpack", "memory")),
    (PlacementStrategy("random"),),
]
MODES = [NetworkMode.BRIDGE, NetworkMode.AWSVPC, NetworkMode.HOST, NetworkMode.NONE]
ROOM = Resources(4096, 4096)
"""Enough on one instance for all that there ever is."""


class OnInstances(InstanceEvents):
    def __init__(self) -> None:
        super().__init__()
        self.it = Harness()
        self.names = 0

    @precondition(lambda self: self.names < 3)
    @rule(
        desired=st.sampled_from([None, 1, 2, 4]),
        percents=st.sampled_from(BOUNDS),
        strategy=st.sampled_from(STRATEGIES),
        mode=st.sampled_from(MODES),
    )
    def create(self, desired, percents, strategy, mode):
        self.names += 1
        limits = DeploymentConfiguration(maximum_percent=percents[1], minimum_healthy_percent=percents[0])
        more = {"placement_strategy": strategy, "deployment_configuration": limits}
        if desired is None:
            more = {"deployment_configuration": DeploymentConfiguration(100, min(percents[0], 99))}
        on_instances(self.it.build, f"s{self.names}", self._definition(mode), desired, **more)

    @precondition(lambda self: len(self._hosts()) < 4)
    @rule()
    def an_instance_comes(self):
        instance(self.it.build, is_connected=False, resources=ROOM)

    @precondition(lambda self: self._active())
    @rule(which=PICK, desired=st.integers(0, 5))
    def scale(self, which, desired):
        service = self._active()[which % len(self._active())]
        if not service.is_daemon:
            self.it.build.scale(service.arn, desired)

    @precondition(lambda self: self._active())
    @rule(which=PICK, mode=st.sampled_from(MODES))
    def deploy(self, which, mode):
        service = self._active()[which % len(self._active())]
        self.it.build.deploy(service.arn, self._definition(mode))

    @precondition(lambda self: self._active())
    @rule(which=PICK)
    def delete(self, which):
        self.it.build.delete(self._active()[which % len(self._active())].arn)

    @precondition(lambda self: self._alive())
    @rule(which=PICK)
    def a_container_dies(self, which):
        task = self._alive()[which % len(self._alive())]
        self.it.runtime.end_container(task.id, task.containers[0].name, 1)

    @rule(seconds=st.sampled_from([0.3, 6, 31]))
    def time_passes(self, seconds):
        self.it.pass_time(seconds)

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
        """All stand where they should; also when one instance more is drained then, and another one lost."""
        while len(self._ready()) < 2:
            instance(self.it.build, is_connected=False, resources=ROOM)
        self._check_settled()
        drained, disconnected = self._ready()[:2]
        set_instance_status(self.it.build, drained.arn, ContainerInstanceStatus.DRAINING)
        self._check_settled()
        there = [t.arn for t in self._alive() if t.container_instance == disconnected.arn]
        self.it.runtime.lose_sandbox(disconnected.id)
        self._check_settled()
        assert all(self.it.book.world.tasks[arn].stop_code is StopCode.TERMINATION_NOTICE for arn in there)

    def _check_settled(self):
        self.it.converge(within=600)
        assert self.it.plans_left() == []
        ready = {i.arn for i in self._ready()}
        for service in self._active():
            tasks = self.it.build.tasks(service.arn)
            if service.is_daemon:
                assert service.desired_count == len(ready)
                waiting = [t for t in tasks if t.container_instance not in ready]
                assert all(self._has_others(t) for t in waiting), "it goes last"
                if waiting:
                    continue
            assert [t.last_status for t in tasks] == [TaskStatus.RUNNING] * service.desired_count
            limits, messages = task_bounds(service), self.it.build.messages(service.arn)
            if limits.minimum_healthy == limits.maximum and any(m.endswith(STUCK) for m in messages):
                continue
            assert {t.container_instance for t in tasks} <= ready
            assert {t.deployment for t in tasks} <= {service.primary.id}
            assert len(service.deployments) == 1
            assert messages[-1].endswith(STEADY)

    def _has_others(self, task: Task) -> bool:
        there = (t for t in self._alive() if t.container_instance == task.container_instance)
        owners = (self.it.book.world.services.get(t.service) for t in there)
        return any(owner is not None and not owner.is_daemon for owner in owners)

    def _definition(self, mode: NetworkMode) -> TaskDefinition:
        """With bridge, a host port that is chosen; with other modes no ports that two tasks of an instance could both
        want.
        """
        made = container("web", port=8080 if mode is NetworkMode.BRIDGE else None)
        made = replace(made, port_mappings=tuple(replace(m, host_port=0) for m in made.port_mappings))
        return for_instances(self.it.build, self.it.build.definition("web", made), mode)

    def _ready(self) -> list[ContainerInstance]:
        return [i for i in self._hosts() if i.status is ContainerInstanceStatus.ACTIVE]

    def _active(self) -> list[Service]:
        return [s for s in self.it.book.world.services if s.status is ServiceStatus.ACTIVE]

    def _alive(self):
        return [t for t in self.it.book.world.tasks if not t.stopped]


TestOnInstances = OnInstances.TestCase
TestOnInstances.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
)
