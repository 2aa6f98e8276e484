"""Which task and which container a person means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer

_Task = Mapping[str, Any]
_PROXY = "ecs-service-connect-"
TASK_HELP = "A task's id or ARN, the start of an id, or a service's name."


def choose(wanted: str, running: Iterable[_Task], others: Iterable[_Task] = ()) -> dict[str, Any]:
    """The one task that is meant: a running one if there is any, else the first of the others.

    Several tasks of one service are alike; the start of an id that several have means none.
    """
    name, running = wanted.rpartition("/")[2], list(running)
    for tasks in (running, others):
        found = [task for task in tasks if task["id"].startswith(name) or task["group"] == f"service:{name}"]
        if len(found) > 1 and not any(task["group"] == f"service:{name}" for task in found):
            ids = ", ".join(task["id"] for task in found[:5])
            raise typer.BadParameter(f"several tasks begin with {name!r}: {ids}")
        if found:
            return dict(found[0])
    known = ", ".join(sorted({t["group"].removeprefix("service:") for t in running})) or "none"
    raise typer.BadParameter(f"no task or service {name!r}; running: {known}")


def of_service(wanted: str, tasks: Iterable[_Task]) -> list[_Task]:
    """The tasks of the service of this name; none when it is the name of none."""
    return [task for task in tasks if task["group"] == f"service:{wanted.rpartition('/')[2]}"]


def containers_of(task: _Task, wanted: str | None) -> list[str]:
    """The task's containers besides its proxy, or the one that is wanted, if it has that."""
    if wanted is not None:
        return [wanted] if wanted in task["containers"] else []
    return [name for name in task["containers"] if not name.startswith(_PROXY)]


def only_container(task: _Task) -> str:
    """The task's container, when it has one besides its proxy."""
    names = containers_of(task, None)
    if len(names) != 1:
        choice = ", ".join(names)
        raise typer.BadParameter(f"task {task['id']} has several containers; choose one with --container: {choice}")
    return str(names[0])
