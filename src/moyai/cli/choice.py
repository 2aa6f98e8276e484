"""Find the task and the container that an argument names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer

from moyai.cli.remote import Remote
from moyai.cli.snapshot import clusters_of

_Task = Mapping[str, Any]
_PROXY = "ecs-service-connect-"
TASK_HELP = "A task's ID or ARN, the beginning of an ID, or the name of a service."


def name_of(name_or_arn: str) -> str:
    """The last part of an ARN; a name is returned unchanged."""
    return name_or_arn.rpartition("/")[2]


def clusters_named(remote: Remote, cluster: str | None) -> list[str]:
    """The ARN of the cluster with this name or ARN, or of all clusters. Raises BadParameter."""
    arns = list(clusters_of(remote))
    matches = [arn for arn in arns if cluster is None or name_of(arn) == name_of(cluster)]
    if cluster is not None and not matches:
        names = ", ".join(map(name_of, arns)) or "none"
        raise typer.BadParameter(
            f"no cluster is called {name_of(cluster)!r}; clusters: {names}", param_hint="--cluster"
        )
    return matches


def unknown_service(name: str, services: Iterable[str]) -> typer.BadParameter:
    """The error about a service that does not exist, with the names of those that do."""
    names = ", ".join(sorted(set(services))) or "none"
    return typer.BadParameter(f"no service is called {name!r}; services: {names}", param_hint="SERVICE")


def choose_task(
    reference: str, candidates: Iterable[_Task], other_tasks: Iterable[_Task] = (), *, state: str = "running"
) -> dict[str, Any]:
    """The first of the candidates with this ID, ID prefix or service name, or else of ``other_tasks``.

    Any task of a service is accepted, but an ID prefix that several tasks have is refused. Raises BadParameter, which
    names the services of the candidates. ``state``: the word for the candidates in it.
    """
    name, candidates = name_of(reference), list(candidates)
    for tasks in (candidates, other_tasks):
        matches = [task for task in tasks if task["id"].startswith(name) or task["group"] == f"service:{name}"]
        if len(matches) > 1 and not any(task["group"] == f"service:{name}" for task in matches):
            ids = ", ".join(task["id"] for task in matches[:5])
            raise typer.BadParameter(f"the IDs of several tasks begin with {name!r}: {ids}")
        if matches:
            return dict(matches[0])
    services = ", ".join(sorted({t["group"].removeprefix("service:") for t in candidates})) or "none"
    raise typer.BadParameter(f"no task or service is called {name!r}; {state}: {services}")


def tasks_of_service(service: str, tasks: Iterable[_Task]) -> list[_Task]:
    """The tasks of the service with this name or ARN."""
    return [task for task in tasks if task["group"] == f"service:{name_of(service)}"]


def containers_of(task: _Task, container_name: str | None) -> list[str]:
    """The container with this name if the task has it; without a name, all its containers except the proxy."""
    if container_name is not None:
        return [container_name] if container_name in task["containers"] else []
    return [name for name in task["containers"] if not name.startswith(_PROXY)]


def choose_container(task: _Task, container_name: str | None) -> str:
    """The task's container with this name; without a name, its only one except the proxy. Raises BadParameter."""
    names = containers_of(task, container_name)
    if len(names) == 1:
        return str(names[0])
    if container_name is None:
        choice = ", ".join(names)
        raise typer.BadParameter(f"task {task['id']} has several containers; choose one with --container: {choice}")
    message = f"task {task['id']} has no container {container_name!r}; containers: {', '.join(task['containers'])}"
    raise typer.BadParameter(message, param_hint="--container")
