"""Places tasks as a case says and writes down where each went, or what each instance lacked.

A case has ``instances`` by name (zone, cpu, memory, gpus, attributes, launch_type, status, connected) and ``steps``,
each one of

    run: {count, cpu, memory, gpus, mode, ports, constraints, strategy, group, definition_constraints}
    service: {name, count, …}      scale: {NAME: COUNT}      status: {INSTANCE: STATUS}      end: [TASK, …]

where ports are ``container``, ``host:container`` or ``first-last`` with an optional ``/udp``, a strategy is
``spread zone``, ``spread instanceId``, ``binpack cpu``, ``random``, … and a constraint an expression or
``distinctInstance``. What is started runs at once, and what is stopped is gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus, Resources
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.task import DesiredStatus, NetworkBinding, Task, TaskStatus
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    NetworkMode,
    PortMapping,
    ResourceRequirement,
    TaskDefinition,
)
from moyai.domain.world import Observed, Put
from moyai.kernel.ids import ServiceArn
from moyai.plan.placement.reasons import Unplaced
from moyai.plan.placement.resources import remaining_resources
from moyai.plan.service.scheduler import plan_service
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.testing.instances import for_instances, instance, on_instances, set_instance_status
from moyai.testing.world import Builder

FIELDS = {"zone": "attribute:ecs.availability-zone", "type": "attribute:ecs.instance-type"}
ROUNDS = 40
_ID = re.compile(r"\b[0-9a-f]{32}\b")


def describe_case(case: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """Each step with what came of it."""
    teller = PlacementRecorder(case["instances"])
    lines = []
    for step in case["steps"]:
        ((verb, what),) = step.items()
        lines.append({f"{verb} {_plain(what)}": teller.do(verb, what)})
    return lines


def _plain(what: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in what.items()) if isinstance(what, dict) else ", ".join(map(str, what))


class PlacementRecorder:
    """A cluster with the case's instances."""

    def __init__(self, instances: Mapping[str, Any]) -> None:
        self.build = Builder()
        self.names: dict[str | None, str] = {}
        self.tasks: dict[str, str] = {}
        for name, specified in instances.items():
            record = instance(
                self.build,
                f"us-east-1{specified.get('zone', 'a')}",
                resources=Resources(
                    specified.get("cpu", 1024), specified.get("memory", 1024), gpus=tuple(specified.get("gpus", ()))
                ),
                launch_type=specified.get("launch_type", "EC2"),
                is_connected=specified.get("connected", True),
                attributes=specified.get("attributes"),
            )
            set_instance_status(self.build, record.arn, ContainerInstanceStatus(specified.get("status", "ACTIVE")))
            self.names[record.arn] = name

    def do(self, verb: str, event: Any) -> list[str]:
        verbs: Mapping[str, Callable[[Any], list[str]]] = {
            "run": self._run,
            "service": self._service,
            "scale": self._scale,
            "status": self._turn,
            "end": self._end,
        }
        return verbs[verb](event)

    def _run(self, specified: Mapping[str, Any]) -> list[str]:
        definition = self._definition(specified)
        request = LaunchRequest(
            self.build.cluster(),
            definition,
            specified.get("group", "jobs"),
            launch_type=specified.get("launch_type", "EC2"),
            constraints=_constraints(specified.get("constraints", ())),
            strategy=_strategy(specified.get("strategy", ())),
        )
        lines = []
        for _ in range(specified.get("count", 1)):
            try:
                task = launch(self.build.world, request, self.build.clock.now(), self.build.ids)
            except Unplaced as fault:
                refused = (f"{self.names[one.instance]} {one.reason.value}" for one in fault.refusals)
                lines.append(f"no place: {', '.join(refused) or fault}")
                continue
            self.build.book.apply([Put(replace(task, last_status=TaskStatus.RUNNING, ready_at=self.build.clock.now()))])
            lines.append(self._describe_placement(task))
        return lines

    def _service(self, specified: Mapping[str, Any]) -> list[str]:
        more = {
            "placement_constraints": _constraints(specified.get("constraints", ())),
            "placement_strategy": _strategy(specified.get("strategy", ())),
        }
        on_instances(self.build, specified["name"], self._definition(specified), specified.get("count"), **more)
        return self._run_services()

    def _scale(self, what: Mapping[str, int]) -> list[str]:
        for name, count in what.items():
            self.build.scale(ServiceArn(next(s.arn for s in self.build.world.services if s.name == name)), count)
        return self._run_services()

    def _turn(self, event: Mapping[str, str]) -> list[str]:
        for arn, name in self.names.items():
            if name in event and arn is not None:
                instance_arn = self.build.world.container_instances[arn].arn
                set_instance_status(self.build, instance_arn, ContainerInstanceStatus(event[name]))
        return self._run_services()

    def _end(self, what: list[str]) -> list[str]:
        for task in list(self.build.world.tasks):
            if self.tasks.get(task.arn) in what:
                self.build.book.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
        return []

    def _run_services(self) -> list[str]:
        """The steps of the services until nothing changes."""
        lines: list[str] = []
        for _ in range(ROUNDS):
            before = len(lines)
            for service in list(self.build.world.services):
                now = self.build.clock.now()
                plan = plan_service(self.build.world, Observed(), service.arn, now, self.build.ids)
                self.build.book.apply(plan.changes)
            for task in sorted(self.build.world.tasks, key=lambda t: t.created_at):
                lines += self._describe_task(task)
            if len(lines) == before:
                return lines + self._troubles()
        raise AssertionError("it never settles")

    def _describe_task(self, task: Task) -> list[str]:
        if task.stopped or (task.last_status is TaskStatus.RUNNING and task.desired_status is DesiredStatus.RUNNING):
            return []
        stops = task.desired_status is DesiredStatus.STOPPED
        status = TaskStatus.STOPPED if stops else TaskStatus.RUNNING
        self.build.book.apply([Put(replace(task, last_status=status, ready_at=self.build.clock.now()))])
        return [
            f"{self._name(task)} stops on {self.names[task.container_instance]}"
            if stops
            else self._describe_placement(task)
        ]

    def _troubles(self) -> list[str]:
        """The latest events of the services that lack something."""
        last = (message for s in self.build.world.services for message in self.build.messages(s.arn)[-1:])
        return [_ID.sub(lambda found: self._host(found.group()), text) for text in last if "unable" in text]

    def _host(self, identity: str) -> str:
        return next(name for arn, name in self.names.items() if arn is not None and arn.endswith(identity))

    def _describe_placement(self, task: Task) -> str:
        assert task.container_instance is not None
        host = self.build.world.container_instances[task.container_instance]
        remaining = remaining_resources(self.build.world, host, () if task.arn in self.build.world.tasks else (task,))
        gpus = [gpu for c in task.containers for gpu in c.gpu_ids]
        bound = [b for c in task.containers for b in c.network_bindings]
        words = [f"{self._name(task)} on {self.names[host.arn]}", f"left {remaining.cpu} cpu {remaining.memory} MiB"]
        words += [f"gpus {' '.join(gpus)}"] if gpus else []
        return ", ".join([*words, *map(_bound, bound)])

    def _name(self, task: Task) -> str:
        return self.tasks.setdefault(task.arn, f"t{len(self.tasks) + 1}")

    def _definition(self, specified: Mapping[str, Any]) -> TaskDefinition:
        app = ContainerDefinition(
            "app",
            "i",
            cpu=specified.get("cpu", 256),
            memory=specified.get("memory", 256),
            resource_requirements=(ResourceRequirement(str(specified["gpus"]), "GPU"),)
            if "gpus" in specified
            else None,
            port_mappings=tuple(_mapping(text) for text in map(str, specified.get("ports", ()))),
        )
        definition = for_instances(
            self.build, self.build.definition("web", app), NetworkMode(specified.get("mode", "bridge"))
        )
        definition = replace(
            definition, placement_constraints=_constraints(specified.get("definition_constraints", ()))
        )
        self.build.book.apply([Put(definition)])
        return definition


def _bound(binding: NetworkBinding) -> str:
    first, last = binding.host_ports[0], binding.host_ports[-1]
    ports = str(first) if first == last else f"{first}-{last}"
    return f"{ports}/{binding.protocol} to {binding.container_port}"


def _mapping(text: str) -> PortMapping:
    number, _, protocol = text.partition("/")
    protocol = protocol or "tcp"
    if "-" in number:
        return PortMapping(container_port_range=number, protocol=protocol)
    host, _, container = number.rpartition(":")
    return PortMapping(int(container), int(host) if host else None, protocol=protocol)


def _constraints(texts: Any) -> tuple[PlacementConstraint, ...]:
    return tuple(
        PlacementConstraint(text) if text == "distinctInstance" else PlacementConstraint("memberOf", text)
        for text in texts
    )


def _strategy(texts: Any) -> tuple[PlacementStrategy, ...]:
    parts = (text.partition(" ") for text in texts)
    return tuple(PlacementStrategy(kind, FIELDS.get(field, field) or None) for kind, _, field in parts)
