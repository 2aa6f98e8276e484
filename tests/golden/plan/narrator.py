"""Tells a story to the planner and writes down every plan, in words that chance can't change.

A story has ``services`` (what each is made from) and ``story``, a list of steps, each one of

    create: NAME      deploy: NAME      scale: {NAME: COUNT}      delete: NAME      run: NAME
    stop: tN          die: {tN: CONTAINER}      lose: tN      turn: {tN: UNHEALTHY}      fail: VERB
    pass: SECONDS     acknowledge: true
    back: NAME        abort: NAME       continue: NAME
    instance: iN      drain: iN         resume: iN         deregister: iN

A container with an ``environment`` has App Mesh's image; ``app_ports`` make it a proxy for its task's traffic.

where tN is the N-th task ever made and iN the N-th container instance; a service with ``daemon`` has a task on each.
After each step the planner works until it only waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.cloudwatch.alarm import AlarmState
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.environment import KeyValuePair
from moyai.domain.ecs.service import DeploymentConfiguration, Service, ServiceLog
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceRevision
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    ContainerDependency,
    DependencyCondition,
    TaskDefinition,
)
from moyai.domain.record import StoredRecord
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Put
from moyai.kernel.ids import ContainerInstanceArn
from moyai.plan.action import (
    Effect,
    Plan,
    PrepareSandbox,
    PullImages,
    RejectNewConnections,
    ReleaseSandbox,
    SetAddresses,
    StartContainer,
    StartMeshProxy,
    StartProxy,
    StopContainer,
    WriteHosts,
)
from moyai.ports.runtime import CannotStart, RuntimeFault, SandboxFailed
from moyai.testing.instances import for_instances, instance, on_instances, set_instance_status
from moyai.testing.records import put_alarm, with_app_mesh_proxy
from moyai.testing.world import CHECK, container
from tests.model.harness import Harness

_LONG_ID = re.compile(r"\b[0-9a-f]{32}\b")
_DEPLOYMENT = re.compile(r"ecs-svc/\d+")
_PROXY = re.compile(r"ecs-service-connect-\w+")

FAULTS: Mapping[str, RuntimeFault] = {"prepare": SandboxFailed("no room"), "start": CannotStart("no such command")}


def describe_story(story: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """Each step of the story with the plans that followed."""
    narrator = PlanRecorder(story["services"])
    lines = []
    for step in story["story"]:
        ((verb, event),) = step.items()
        narrator.do(verb, event)
        narrator.rest()
        lines.append({f"{verb} {_plain(event)}": narrator.take_lines()})
    return lines


def _plain(what: Any) -> str:
    return " ".join(f"{k} {v}" for k, v in what.items()) if isinstance(what, dict) else str(what)


class PlanRecorder(Harness):
    """A harness that writes down what it does."""

    def __init__(self, services: Mapping[str, Any]) -> None:
        super().__init__()
        self._services = services
        self._lines: list[str] = []
        self._names: dict[str, str] = {}
        self._start = self.clock.now()

    def take_lines(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines

    def do(self, verb: str, event: Any) -> None:
        build = self.build
        verbs: Mapping[str, Callable[[], object]] = {
            "create": lambda: self._create(event),
            "deploy": lambda: self._deploy(event),
            "scale": lambda: self._each(lambda name, count: build.scale(self._service(name), count), event),
            "delete": lambda: build.delete(self._service(event)),
            "run": lambda: build.run(self._definition(event)),
            "stop": lambda: build.stop(self._task_named(event).arn),
            "die": lambda: self._each(self._die, event),
            "lose": lambda: self.runtime.lose_sandbox(self._task_named(event).id),
            "turn": lambda: self._each(self._turn, event),
            "fail": lambda: self.runtime.fail_next(event, FAULTS[event]),
            "pass": lambda: self.pass_time(event),
            "acknowledge": self.acknowledge,
            "back": lambda: build.roll_back(self._service(event)),
            "abort": lambda: build.abort(self._service(event)),
            "continue": lambda: build.go_on(self._service(event)),
            "alarm": lambda: self._each(lambda name, state: put_alarm(build, name, AlarmState(state)), event),
            "configure": lambda: self._each(self._configure, event),
            "instance": lambda: self._instance(event),
            "drain": lambda: set_instance_status(build, self._host(event), ContainerInstanceStatus.DRAINING),
            "resume": lambda: set_instance_status(build, self._host(event), ContainerInstanceStatus.ACTIVE),
            "deregister": lambda: set_instance_status(build, self._host(event), ContainerInstanceStatus.INACTIVE),
        }
        verbs[verb]()

    def _each(self, verb: Callable[[str, Any], None], event: Mapping[str, Any]) -> None:
        for name, argument in event.items():
            verb(name, argument)

    def _instance(self, name: str) -> None:
        made = instance(self.build, is_connected=False)
        self._names[made.id] = name

    def _host(self, name: str) -> ContainerInstanceArn:
        return next(i.arn for i in self.book.world.container_instances if self._names[i.id] == name)

    def _die(self, name: str, which: str) -> None:
        self.runtime.end_container(self._task_named(name).id, self._container(name, which))

    def _turn(self, name: str, health: str) -> None:
        task = self._task_named(name)
        self.runtime.set_health(task.id, task.containers[0].name, Health(health))

    def _record(self, plan: Plan) -> None:
        for change in plan.changes:
            self._lines.extend(self._add_line(text) for text in self._change(change))
        super()._record(plan)

    def _perform(self, plan: Plan) -> None:
        self._lines.extend(self._add_line(_effect(e)) for e in plan.effects)
        super()._perform(plan)

    def _add_line(self, text: str) -> str:
        text = _LONG_ID.sub(lambda found: self._name(found.group(), "t"), text)
        text = _DEPLOYMENT.sub(lambda found: self._name(found.group(), "d"), text)
        return f"{self.clock.now() - self._start:g} {_PROXY.sub('proxy', text)}"

    def _name(self, identity: str, letter: str) -> str:
        count = sum(n.startswith(letter) for n in self._names.values())
        return self._names.setdefault(identity, f"{letter}{count + 1}")

    def _task_named(self, name: str) -> Task:
        identity = next(i for i, n in self._names.items() if n == name)
        return next(iter(self.book.world.tasks.by("id", identity)))

    def _container(self, name: str, which: str) -> str:
        task = self._task_named(name)
        return next(c.name for c in task.containers if c.name == which or (c.is_proxy and which == "proxy"))

    def _service(self, name: str) -> Any:
        return next(s.arn for s in self.book.world.services if s.name == name)

    def _create(self, name: str) -> None:
        specified = self._services[name]
        low, high = specified.get("percents", (0, 100) if specified.get("daemon") else (100, 200))
        asked_for = {"maximum_percent": high, "minimum_healthy_percent": low, **specified.get("configuration", {})}
        limits = msgspec.convert(asked_for, DeploymentConfiguration)
        definition = self._definition(name)
        if specified.get("daemon"):
            on_instances(self.build, name, definition, deployment_configuration=limits)
            return
        arn = self.build.service(
            name, definition, specified.get("desired", 1), offers=specified.get("offers"), bounds=limits
        )
        if "ttl" in specified:
            self.build.discover(arn, self.build.registry(name, specified["ttl"]))

    def _configure(self, name: str, asked: Mapping[str, Any]) -> None:
        self.build.configure(self._service(name), msgspec.convert(asked, DeploymentConfiguration))

    def _deploy(self, what: str | Mapping[str, str]) -> None:
        """By name, with other words for its first container where the story has some."""
        ((name, words),) = what.items() if isinstance(what, Mapping) else ((what, None),)
        self.build.deploy(self._service(name), self._definition(name, words))

    def _definition(self, name: str, words: str | None = None) -> TaskDefinition:
        first, *others = self._services[name]["containers"]
        first = first if words is None else {**first, "sim": words}
        definition = self.build.definition(name, *(_container(c) for c in (first, *others)))
        if "app_ports" in self._services[name]:
            definition = with_app_mesh_proxy(self.build, definition, *self._services[name]["app_ports"])
        return for_instances(self.build, definition) if self._services[name].get("daemon") else definition

    def _change(self, change: Change) -> list[str]:
        if not isinstance(change, Put):
            return [f"delete {change.record_type.__struct_config__.tag}"]
        return self._describe_record(change.record)

    def _describe_record(self, record: StoredRecord) -> list[str]:  # noqa: PLR0911 (one line a kind)
        world = self.book.world
        match record:
            case Task():
                return _task(world.tasks.get(record.arn), record)
            case ServiceLog():
                old = world.service_logs.get(record.service)
                known = {e.id for e in old.events} if old is not None else set()
                return [e.message for e in reversed(record.events) if e.id not in known]
            case DiscoveryInstance(health=Health.UNHEALTHY):
                return ["put discovery_instance, UNHEALTHY"]
            case Service():
                return [_service(record)]
            case ContainerInstance():
                return [f"instance {record.id} {'connected' if record.agent_connected else 'not connected'}"]
            case ServiceDeployment():
                return [_deployment(record)]
            case ServiceRevision():
                return []
            case _:
                return [f"put {type(record).__struct_config__.tag}"]


def _container(specified: Mapping[str, Any]) -> ContainerDefinition:
    words = specified.get("sim")
    definition = container(specified["name"], None if words is None else ("sim", *words.split()), specified.get("port"))
    waits = tuple(ContainerDependency(n, DependencyCondition(c)) for n, c in specified.get("depends_on", {}).items())
    environment = specified.get("environment", {})
    return replace(
        definition,
        image="shop/aws-appmesh-envoy:v1" if environment else definition.image,
        environment=tuple(KeyValuePair(*pair) for pair in environment.items()),
        essential=specified.get("essential", True),
        health_check=CHECK if specified.get("checked") else None,
        depends_on=waits or None,
    )


def _task(before: Task | None, task: Task) -> list[str]:
    if before is None and task.container_instance is not None:
        return [f"task {task.id} on {task.container_instance.rpartition('/')[2]}"]
    if before is None:
        return [f"task {task.id} in {task.availability_zone} at {task.interface.address}"]
    parts = [f"task {task.id}"]
    if before.last_status is not task.last_status:
        parts.append(task.last_status.value)
    if before.pull_stopped_at is None and task.pull_stopped_at is not None:
        parts.append("pulls ended")
    if before.last_status is task.last_status and before.ready_at != task.ready_at:
        parts.append("ready")
    if before.health_status is not task.health_status:
        parts.append(f"health {task.health_status.value}")
    if before.desired_status is not task.desired_status:
        parts.append(f"to stop: {task.stop_code}: {task.stopped_reason}")
    parts += [
        f"{c.name} {c.last_status.value}" + ("" if c.exit_code is None else f" {c.exit_code}")
        for old, c in zip(before.containers, task.containers, strict=True)
        if old.last_status is not c.last_status
    ]
    return [", ".join(parts)]


def _service(service: Service) -> str:
    listed = ", ".join(
        f"{d.id} {d.status.value} {d.rollout_state.value} desired {d.desired_count}"
        + (f" failed {d.failed_tasks}" if d.failed_tasks else "")
        for d in service.deployments
    )
    count = f" of {service.desired_count}" if service.is_daemon else ""
    return f"service {service.name}{count} {service.status.value}: {listed}{_traffic(service)}"


def _traffic(service: Service) -> str:
    """The share of traffic of each revision, where there are several."""
    traffic = service.traffic
    names = {d.pool: d.id for d in reversed(service.deployments)}
    shares = ", ".join(f"{names.get(s.pool, s.pool)} {s.weight / 10:g}%" for s in traffic.shares)
    test = "" if traffic.test is None else f", test {names.get(traffic.test)}"
    return f"; traffic {shares}{test}" if len(traffic.shares) > 1 or test else ""


def _deployment(record: ServiceDeployment) -> str:
    words = [f"deployment of {record.target}: {record.status.value}"]
    if record.stage is not None:
        words.append(f"{record.stage.value}" + (f" {record.step + 1}" if record.step else ""))
    words += [f"hook {run.status.value}" for run in record.hooks]
    words += ["bakes"] if record.baking_since is not None else []
    words += [f"{record.failures} failures"] if record.failures else []
    return ", ".join(words)


_VERBS: Mapping[type[Effect], str] = {
    WriteHosts: "write the hosts file of",
    RejectNewConnections: "reject new connections of",
    ReleaseSandbox: "release",
}


def _effect(effect: Effect) -> str:  # noqa: PLR0911 (one line a kind)
    match effect:
        case PrepareSandbox(sandbox):
            return f"prepare {sandbox.task}"
        case SetAddresses(task, addresses):
            return f"set the addresses of {task}: {', '.join(entry.address for entry in addresses)}"
        case PullImages(task, pulls):
            return f"pull the images of {', '.join(pull.container for pull in pulls)} in {task}"
        case StartContainer(spec):
            return f"start {spec.name} in {spec.task}"
        case StartProxy(task):
            return f"start the proxy of {task}"
        case StartMeshProxy(spec, agent):
            return f"start {spec.name} in {spec.task} as {agent.identity.node_id}"
        case StopContainer(task, container):
            return f"stop {container} {task}"
        case WriteHosts(task) | RejectNewConnections(task) | ReleaseSandbox(task):
            return f"{_VERBS[type(effect)]} {task}"
