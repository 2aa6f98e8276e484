"""Creates a stack from a case's first template, updates it to each further one, deletes it, and writes down what
happened. Physical ids are written as ``<logical id>``.

A case has ``templates``, a list, and may have ``fails``: the operations of services that fail in the update to the last
template, as ``logs:PutRetentionPolicy``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moyai.domain.cloudformation.event import StackEvent
from moyai.stacks.records import instance_of
from moyai.stacks.types.procedure import AwsCallFailed, Call
from tests.sim.stack_machine import LASTING, NAME, Machine


class _Storyteller(Machine):
    """A machine that notes its calls, and fails some."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[tuple[str, Mapping[str, Any]]] = []
        self.failing: frozenset[str] = frozenset()

    async def call(self, scope: Any, call: Call) -> Mapping[str, Any]:
        name = f"{call.service}:{call.operation}"
        if not any(call.operation.startswith(verb) for verb in LASTING):
            self.noted.append((name, call.input))
        if name in self.failing:
            self.failing -= {name}
            raise AwsCallFailed(call.service, "ServiceUnavailable", "no", 503)
        return await super().call(scope, call)


async def tell_story(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The story of each operation on the stack."""
    machine, number = _Storyteller(), 0
    chapters: list[dict[str, Any]] = []
    bodies = [json.dumps(template) for template in case["templates"]]
    for body in [*bodies, None]:
        operation = "DeleteStack" if body is None else "UpdateStack" if chapters else "CreateStack"
        if body == bodies[-1]:
            machine.failing = frozenset(case.get("fails", ()))
        await machine.ask(operation, StackName=NAME, **({} if body is None else {"TemplateBody": body}))
        status = await machine.finish()
        names = _names(machine)
        events = sorted(machine.world.stack_events, key=lambda event: event.number)
        chapter: dict[str, Any] = {} if body is None else {"order": dict(_order(machine))}
        chapter["calls"] = [_hide(f"{name} {json.dumps(members)}", names) for name, members in machine.noted]
        chapter["events"] = [_hide(_line(event), names) for event in events if event.number > number]
        chapters.append({f"{operation} → {status.value}": chapter})
        machine.noted.clear()
        number = events[-1].number
    return chapters


def _order(machine: Machine) -> Iterator[tuple[str, str]]:
    """The resources in the order of creation, with those that each needs."""
    instance = instance_of(machine.world, machine.stack, machine.world.stack_templates[machine.stack.target])
    for name in sorted(instance.sequence, key=lambda each: (_depth(each, instance.order), each)):
        yield name, ", ".join(sorted(instance.order[name]))


def _depth(name: str, order: Mapping[str, frozenset[str]]) -> int:
    return 1 + max((_depth(each, order) for each in order[name]), default=0)


def _names(machine: Machine) -> dict[str, str]:
    """The physical ids that were ever seen, with what stands for them."""
    seen = {machine.stack.arn: "<stack>"}
    for event in machine.world.stack_events:
        if event.physical_id not in seen and event.physical_id:
            count = sum(name.rstrip("'>") == f"<{event.logical_id}" for name in seen.values())
            seen[event.physical_id] = f"<{event.logical_id}" + "'" * count + ">"
    return seen


def _line(event: StackEvent) -> str:
    physical = f" {event.physical_id}" if event.physical_id else ""
    return f"{event.logical_id}{physical} {event.status}" + (f": {event.reason}" if event.reason else "")


def _hide(text: str, names: Mapping[str, str]) -> str:
    for identifier in sorted(names, key=len, reverse=True):
        text = text.replace(identifier, names[identifier])
    return text
