"""The planner keeps its rules and comes to rest after any requests and any events."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from moyai.domain.ecs.service import (
    EXTERNAL_CONTROLLER,
    Deployment,
    DeploymentConfiguration,
    DeploymentStatus,
    Service,
    ServiceStatus,
)
from moyai.domain.ecs.service_deployment import HookStatus
from moyai.domain.ecs.strategy import HookTarget
from moyai.domain.ecs.task import DesiredStatus
from moyai.domain.ecs.task_set import Scale, StabilityStatus, TaskSet, computed_count
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.kernel.ids import DeploymentId
from moyai.plan.strategy.hooks import HookFunctionAnswer, HookFunctionCall, due_call, record_answer, unanswered_hooks
from moyai.testing.world import NETWORK
from tests.model.instance_events import PICK
from tests.model.planner import BOUNDS, STARTS, Planner

SCALES = st.sampled_from([0.0, 10.0, 50.0, 100.0])
MOST_SETS = 4
WHOLE = Scale(100.0)


class Clients(Planner):
    """Beside what one client does in its turn: functions, task sets, clients that race, executors that are late and a
    clock that jumps.
    """

    # ---- hooks

    @precondition(lambda self: self._moving())
    @rule(which=PICK, status=st.sampled_from([HookStatus.SUCCEEDED, HookStatus.IN_PROGRESS, HookStatus.FAILED, None]))
    def a_function_answers(self, which, status):
        record = self.it.build.deployment(self._moving()[which % len(self._moving())])
        for run in unanswered_hooks(record):
            call = due_call(self.it.book.world, record, run.hook_id, self.it.clock.now())
            if isinstance(call, HookFunctionCall):
                fault = "{target} is not there" if status is None else None
                record = record_answer(record, call, HookFunctionAnswer(status, fault=fault), self.it.clock.now())
        self.it.book.apply([Put(record)])

    @precondition(lambda self: self._moving())
    @rule(which=PICK)
    def a_pause_is_refused(self, which):
        service = self._moving()[which % len(self._moving())]
        record = self.it.build.deployment(service)
        if record.moves_forward and any(run.target_type is HookTarget.PAUSE for run in unanswered_hooks(record)):
            self.it.build.roll_back(service)

    @precondition(lambda self: self._moving())
    @rule(which=PICK, health=st.sampled_from([Health.UNHEALTHY, Health.HEALTHY]))
    def the_new_tasks_fall_ill_or_recover(self, which, health):
        record = self.it.build.deployment(self._moving()[which % len(self._moving())])
        for task in self.it.build.tasks(record.service):
            if task.deployment == record.target:
                self.it.runtime.set_health(task.id, "web", health)

    # ---- several at once

    @precondition(lambda self: self._active())
    @rule(which=PICK, desired=st.integers(0, 5), words=st.sampled_from(STARTS), scales=st.booleans())
    def two_updates_race(self, which, desired, words, scales):
        """Both are recorded before the planner sees either."""
        self._deploy(self._service(which), checked=False, words=words)
        if scales:
            self.scale(which, desired)
        self._deploy(self._service(which), checked=True)

    @precondition(lambda self: self._moving())
    @rule(which=PICK)
    def a_service_is_deleted_while_it_is_deployed(self, which):
        self.it.build.delete(self._moving()[which % len(self._moving())])

    @precondition(lambda self: self._moving() and self.it.keys)
    @rule(which=PICK, key=PICK, deletes=st.booleans())
    def the_world_changes_before_a_plan_is_carried_out(self, which, key, deletes):
        plan = self.it.begin(self.it.keys[key % len(self.it.keys)])
        moving = self._moving()
        if moving and deletes:
            self.it.build.delete(moving[which % len(moving)])
        elif moving:
            self._deploy(self.it.book.world.services[moving[which % len(moving)]], checked=True)
        self.it.finish(plan)

    @rule(seconds=st.sampled_from([-600, -5, 86_500]))
    def the_clock_jumps(self, seconds):
        self.it.clock.jump(seconds)

    # ---- task sets

    @precondition(lambda self: self.names < 4)
    @rule(desired=st.integers(0, 4), percents=st.sampled_from(BOUNDS))
    def create_external_service(self, desired, percents):
        self.names += 1
        limits = DeploymentConfiguration(maximum_percent=percents[1], minimum_healthy_percent=percents[0])
        made = self.it.build.service(f"s{self.names}", self._definition(), desired, bounds=limits)
        known = self.it.book.world.services[made]
        fresh = replace(known, deployments=(), current_deployment=None, deployment_controller=EXTERNAL_CONTROLLER)
        self.it.book.apply([Put(fresh)])

    @precondition(lambda self: self._external())
    @rule(which=PICK, scale=SCALES, checked=st.booleans(), words=st.sampled_from(STARTS))
    def create_task_set(self, which, scale, checked, words):
        service = self._external()[which % len(self._external())]
        if len(service.deployments) < MOST_SETS:
            self._add(service, Scale(scale), checked=checked, words=words)

    @precondition(lambda self: self._task_sets())
    @rule(which=PICK, scale=SCALES)
    def update_task_set(self, which, scale):
        service, found = self._task_set(which)
        self._edit(service, found, replace(found, task_set=TaskSet(Scale(scale))))

    @precondition(lambda self: self._task_sets())
    @rule(which=PICK)
    def make_task_set_primary(self, which):
        self._promote(*self._task_set(which))

    @precondition(lambda self: self._task_sets())
    @rule(which=PICK)
    def delete_task_set(self, which):
        self._remove(*self._task_set(which))

    @precondition(lambda self: self._external())
    @rule(which=PICK, desired=st.integers(0, 5))
    def scale_external_service(self, which, desired):
        self.it.build.scale(self._external()[which % len(self._external())].arn, desired)

    @precondition(lambda self: self._external())
    @rule(which=PICK)
    def delete_external_service(self, which):
        self.it.build.delete(self._external()[which % len(self._external())].arn)

    def teardown(self):
        for service in self._external():
            for found in service.deployments:
                if found.status is not DeploymentStatus.DRAINING:
                    self._remove(self.it.book.world.services[service.arn], found)
            self._add(self.it.book.world.services[service.arn], WHOLE, checked=True)
        super().teardown()
        for service in self._external():
            (deployment,) = service.deployments
            assert deployment.task_set is not None
            assert deployment.task_set.stability_status is StabilityStatus.STEADY_STATE
            running = [t for t in self.it.build.tasks(service.arn) if t.desired_status is DesiredStatus.RUNNING]
            assert [t.deployment for t in running] == [deployment.id] * computed_count(service.desired_count, WHOLE)

    def _external(self) -> list[Service]:
        return [s for s in self.it.book.world.services if s.status is ServiceStatus.ACTIVE and s.is_external]

    def _task_sets(self) -> list[tuple[Service, Deployment]]:
        living = [(s, d) for s in self._external() for d in s.deployments]
        return [(s, d) for s, d in living if d.status is not DeploymentStatus.DRAINING]

    def _task_set(self, pick: int) -> tuple[Service, Deployment]:
        return self._task_sets()[pick % len(self._task_sets())]

    def _add(self, service: Service, scale: Scale, *, checked: bool = False, words: str = "") -> None:
        """Add a task set, as CreateTaskSet does."""
        now, definition = self.it.clock.now(), self._definition(checked=checked, words=words)
        deployment = Deployment(
            id=DeploymentId(f"ecs-svc/{self.it.ids.decimal(19)}"),
            status=DeploymentStatus.ACTIVE,
            task_definition=definition.arn,
            created_at=now,
            updated_at=now,
            network_configuration=NETWORK,
            task_set=TaskSet(scale),
        )
        self.it.book.apply([Put(replace(service, deployments=(*service.deployments, deployment)))])

    def _edit(self, service: Service, before: Deployment, changed: Deployment) -> None:
        listed = tuple(changed if d.id == before.id else d for d in service.deployments)
        self.it.book.apply([Put(replace(service, deployments=listed))])

    def _remove(self, service: Service, found: Deployment) -> None:
        """Remove a task set, as DeleteTaskSet does."""
        self._edit(service, found, replace(found, status=DeploymentStatus.DRAINING, task_set=TaskSet()))

    def _promote(self, service: Service, deployment: Deployment) -> None:
        """Make a task set the primary one, as UpdateServicePrimaryTaskSet does."""
        others = (
            replace(d, status=DeploymentStatus.ACTIVE) if d.status is DeploymentStatus.PRIMARY else d
            for d in service.deployments
            if d.id != deployment.id
        )
        primary = replace(deployment, status=DeploymentStatus.PRIMARY)
        self.it.book.apply([Put(replace(service, deployments=(primary, *others)))])


TestPlanner = Clients.TestCase
TestPlanner.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
)
