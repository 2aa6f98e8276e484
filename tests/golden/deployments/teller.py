"""Tells how a deployment goes, one line for each thing that a service's owner could see of it.

A case has a ``service`` (``desired`` and its ``configuration``) that ran one revision, d1, when the deployment of d2
begins. Without ``trouble`` the deployment is left to itself: every proxy acknowledges, every hook says yes, every
time is waited for. With ``trouble`` the same is told once for each stage, and there the trouble comes:

    back, abort            StopServiceDeployment with ROLLBACK, with ABORT
    refuse, say no         ContinueServiceDeployment with ROLLBACK; a hook's function answers FAILED
    keep silent            nobody answers a hook
    alarm                  the alarm "errors" rings
    fail                   no task of d2 is healthy from here on
    supersede, delete      UpdateService with yet another task definition; DeleteService

With ``rolls``, a list of desired counts with their two percents, only what starts and stops is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import AlarmState
from moyai.domain.ecs.hook_function import HookFunction
from moyai.domain.ecs.service import DeploymentConfiguration, Service, ServiceLog, ServiceStatus
from moyai.domain.ecs.service_deployment import HookRun, HookStatus, ServiceDeployment
from moyai.domain.ecs.strategy import HookTarget, LifecycleStage
from moyai.domain.ecs.task import DesiredStatus, Task
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.kernel.ids import ServiceArn
from moyai.plan.action import Plan
from moyai.plan.events import STUCK
from moyai.plan.service.rollout_counts import task_bounds
from moyai.plan.strategy.context import rollback_reason
from moyai.plan.strategy.hooks import (
    HookFunctionAnswer,
    HookFunctionCall,
    answer_hook,
    due_call,
    record_answer,
    unanswered_hooks,
)
from moyai.testing.records import put_alarm
from moyai.testing.world import CHECK, container
from tests.model.harness import Harness

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:check"
PATIENCE, SICK_PATIENCE = 120, 45
"""Turns after which a deployment that has not come to its end never will."""
_MOVE = re.compile("^[0-9.]+ s: |[“”]")
_TASK_IDS = re.compile(r"( \(task [0-9a-f]{32}\))+")
_DEPLOYMENT = re.compile(r"ecs-svc/\d+")
_PAUSE = re.compile(r"ecs-pause-\w+")


class DeploymentPosition(NamedTuple):
    """Where a deployment is; ``bakes`` when its stage's traffic has arrived and time has to pass."""

    stage: str
    step: int
    bakes: bool
    asks: bool

    @classmethod
    def of_record(cls, record: ServiceDeployment) -> DeploymentPosition:
        return cls(
            record.stage or record.status, record.step, record.baking_since is not None, bool(unanswered_hooks(record))
        )

    def __str__(self) -> str:
        step = f" {self.step + 1}" if self.step else ""
        return f"{self.stage}{step}{', a hook waits' if self.asks else ''}{', baking' if self.bakes else ''}"


def describe_case(case: Mapping[str, Any]) -> list[Any]:
    """The whole case."""
    trouble = case.get("trouble")
    if "rolls" in case:
        return [_rolling_steps(row) for row in case["rolls"]]
    if trouble is None:
        return Deployment(case).told_to_the_end()
    return [{str(place): _describe_trouble(case, place, trouble)} for place in _places(case, trouble)]


def _rolling_steps(row: Mapping[str, Any]) -> dict[str, str]:
    """How many start and stop in each step, between which bounds."""
    desired, (low, high) = row["desired"], row["percents"]
    percents = {"minimum_healthy_percent": low, "maximum_percent": high}
    deployment = Deployment({"service": {"desired": desired, "configuration": percents}})
    limits = task_bounds(deployment.book.world.services[deployment.service])
    moves = [_MOVE.sub("", line) for line in deployment.told_to_the_end() if _moves(line)]
    moves = ["stuck" if move == STUCK else move for move in moves]
    return {f"{desired} at {low}-{high} %, {limits.minimum_healthy} to {limits.maximum}": "; ".join(moves)}


def _moves(line: str) -> bool:
    return " starts " in line or " stops " in line or line.endswith(f"{STUCK}”")


def _places(case: Mapping[str, Any], trouble: str) -> Iterator[DeploymentPosition]:
    """Each place of the undisturbed deployment where this trouble can come."""
    needed = {"refuse": HookTarget.PAUSE, "say no": HookTarget.AWS_LAMBDA}.get(trouble)
    deployment = Deployment(case)
    for place in deployment.places():
        if trouble in {"back", "abort"} and place.stage == LifecycleStage.CLEAN_UP:
            return
        targets = {run.target_type for run in unanswered_hooks(deployment.record)}
        may_come = needed in targets if needed else bool(targets) if trouble == "keep silent" else True
        if may_come:
            yield place


def _describe_trouble(case: Mapping[str, Any], place: DeploymentPosition, trouble: str) -> list[str]:
    deployment = Deployment(case)
    assert any(reached == place for reached in deployment.places())
    deployment.take_lines()
    deployment.trouble(trouble)
    return deployment.told_to_the_end()


class Deployment(Harness):
    """The deployment of d2, from its first plan on."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        super().__init__()
        service = case["service"]
        self._offers = service.get("offers", ["web"])
        self._lines: list[str] = []
        self._names: list[str] = []
        """Of the deployments, the first one's first."""
        self._silent = self._sick = False
        self.start = self.clock.now()
        self._configuration = msgspec.convert(service.get("configuration", {}), DeploymentConfiguration)
        self._functions = any(h.target_type is HookTarget.AWS_LAMBDA for h in self._configuration.lifecycle_hooks)
        self.service = self.build.service("web", self._definition(), service.get("desired", 2), offers=self._offers)
        self._record_primary()
        self.converge(600)
        if self._functions:
            self.book.apply([Put(HookFunction("check", "http://127.0.0.1:1/", self.clock.now()))])
        put_alarm(self.build, "errors", AlarmState.OK)
        self.build.configure(self.service, self._configuration)
        self.take_lines()
        self.start = self.clock.now()
        self._deploy()

    @property
    def record(self) -> ServiceDeployment:
        return self.book.world.service_deployments[self.record_arn]

    def take_lines(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines

    def places(self) -> Iterator[DeploymentPosition]:
        """Each place, at the moment it is reached, until the deployment is over."""
        yield (last := DeploymentPosition.of_record(self.record))
        for _ in range(SICK_PATIENCE if self._sick else PATIENCE):
            for key in self.keys:
                self.step(key)
                if (place := DeploymentPosition.of_record(self.record)) != last and not self.record.finished:
                    yield (last := place)
            if self.record.finished:
                return
            self._let_pass()
        self._lines.append(f"and so on, at {last}")

    def told_to_the_end(self) -> list[str]:
        """The story until the deployment is over and nothing is left to do."""
        for _ in self.places():
            pass
        if self.record.finished:
            self.converge(3600)
            assert self.plans_left() == []
        return self.take_lines()

    def trouble(self, trouble: str) -> None:
        verbs = {
            "back": lambda: self.build.roll_back(self.service),
            "abort": lambda: self.build.abort(self.service),
            "refuse": self._refuse,
            "say no": lambda: self._ask(HookStatus.FAILED),
            "keep silent": lambda: setattr(self, "_silent", True),
            "alarm": lambda: put_alarm(self.build, "errors", AlarmState.ALARM),
            "fail": self._fail,
            "supersede": self._deploy,
            "delete": lambda: self.build.delete(self.service),
        }
        verbs[trouble]()

    # ---- what everybody else does

    def _let_pass(self) -> None:
        self.acknowledge()
        if self._sick:
            self._sicken()
        self._answer()
        self.pass_time(60 if self._silent else 10 if self.record.baking_since is not None else 1)

    def _answer(self) -> None:
        if self._silent:
            return
        self._ask(HookStatus.SUCCEEDED)
        record = self.record
        for run in unanswered_hooks(record):
            if run.target_type is HookTarget.PAUSE:
                self._put_hooks(run, HookStatus.SUCCEEDED)

    def _ask(self, status: HookStatus) -> None:
        """Every function that is waited for answers this."""
        for run in unanswered_hooks(self.record):
            call = due_call(self.book.world, self.record, run.hook_id, self.clock.now())
            if isinstance(call, HookFunctionCall):
                self.book.apply([Put(record_answer(self.record, call, HookFunctionAnswer(status), self.clock.now()))])

    def _refuse(self) -> None:
        (run,) = (run for run in unanswered_hooks(self.record) if run.target_type is HookTarget.PAUSE)
        self._put_hooks(run, HookStatus.FAILED)
        why = rollback_reason(f"{self.record.stage} lifecycle hook {run.hook_id} was answered with ROLLBACK")
        self.build.roll_back(self.service)
        self.book.apply([Put(replace(self.record, status_reason=why))])

    def _put_hooks(self, run: HookRun, status: HookStatus) -> None:
        self.book.apply([Put(replace(self.record, hooks=answer_hook(self.record, run.hook_id, status)))])

    def _fail(self) -> None:
        self._sick = True
        self._sicken()

    def _sicken(self) -> None:
        for task in self.book.world.tasks.by("service", self.service):
            if task.deployment == self.record.target:
                self.runtime.set_health(task.id, "web", Health.UNHEALTHY)

    def _deploy(self) -> None:
        self.build.deploy(self.service, self._definition())
        self.record_arn = self.build.deployment(self.service).arn
        self._record_primary()

    def _record_primary(self) -> None:
        self._names.append(self.book.world.services[self.service].primary.id)

    def _definition(self) -> Any:
        return self.build.definition("web", replace(container("web", port=8080), health_check=CHECK))

    # ---- what is told of it

    def _record(self, plan: Plan) -> None:
        world = self.book.world
        tasks = [c.record for c in plan.changes if isinstance(c, Put) and isinstance(c.record, Task)]
        started_tasks = [t for t in tasks if t.arn not in world.tasks]
        stopped_tasks = [t for t in tasks if t.desired_status is DesiredStatus.STOPPED and self._runs(t)]
        self._count("stops", stopped_tasks)
        self._count("starts", started_tasks)
        for change in plan.changes:
            if isinstance(change, Put):
                self._lines += [self._add_line(line) for line in self._describe_record(change.record)]
        super()._record(plan)

    def _runs(self, task: Task) -> bool:
        current_task = self.book.world.tasks.get(task.arn)
        return current_task is not None and current_task.desired_status is DesiredStatus.RUNNING

    def _count(self, verb: str, tasks: list[Task]) -> None:
        for deployment in sorted({str(t.deployment) for t in tasks}, key=self._name):
            count = sum(t.deployment == deployment for t in tasks)
            self._lines.append(self._add_line(f"{verb} {count} of {deployment}"))

    def _describe_record(self, record: object) -> list[str]:
        match record:
            case ServiceDeployment():
                return _deployment(self.book.world.service_deployments.get(record.arn), record)
            case Service():
                return _service(self.book.world.services.get(record.arn), record)
            case ServiceLog():
                ids = {e.id for e in self._log(record.service)}
                return [f"“{e.message}”" for e in reversed(record.events) if e.id not in ids and _matters(e.message)]
        return []

    def _log(self, service: ServiceArn) -> Any:
        log = self.book.world.service_logs.get(service)
        return () if log is None else log.events

    def _add_line(self, text: str) -> str:
        text = _DEPLOYMENT.sub(lambda found: self._name(found.group()), text)
        text = _PAUSE.sub("ecs-pause-…", text).replace("(service web) ", "")
        return f"{self.clock.now() - self.start:g} s: {text}"

    def _name(self, identity: str) -> str:
        return f"d{self._names.index(identity) + 1}"


def _matters(message: str) -> bool:
    """Whether an event says more than how many tasks start and stop."""
    return not _TASK_IDS.search(message) and "pending tasks" not in message


def _deployment(before: ServiceDeployment | None, record: ServiceDeployment) -> list[str]:
    if before is not None and (DeploymentPosition.of_record(before), before.status) == (
        DeploymentPosition.of_record(record),
        record.status,
    ):
        return [] if before.failures == record.failures else [f"{record.failures} failures"]
    why = "" if before is None or before.status_reason == record.status_reason else f": {record.status_reason}"
    baking = ", baking" if record.baking_since is not None else ""
    place = baking if record.stage is None else f" at {DeploymentPosition.of_record(record)}"
    return [f"{record.target} is {record.status}{place}{why}"]


def _service(before: Service | None, service: Service) -> list[str]:
    lines = []
    if before is None or before.status is not service.status:
        lines.append(f"the service is {service.status}")
    if before is not None and before.traffic != service.traffic:
        lines.append(_traffic(service))
    states = {d.id: (d.status, d.rollout_state) for d in (() if before is None else before.deployments)}
    for deployment in service.deployments if service.status is ServiceStatus.ACTIVE else ():
        state = deployment.status, deployment.rollout_state
        if states.get(deployment.id) not in {None, state}:
            halted = ", halted" if deployment.halted else ""
            lines.append(f"{deployment.id} is {state[0]} and {state[1]}{halted}")
    gone = states.keys() - {d.id for d in service.deployments}
    return [*lines, *(f"{each} is gone" for each in sorted(gone))]


def _traffic(service: Service) -> str:
    names = {d.pool: d.id for d in reversed(service.deployments)}
    shares = ", ".join(f"{names.get(s.pool, 'the pool')} {s.weight / 10:g}%" for s in service.traffic.shares)
    test = service.traffic.test
    return f"traffic {shares or 'nowhere'}{'' if test is None else f', test {names.get(test)}'}"
