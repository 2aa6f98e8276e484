"""What there is, as the port puts it: sandboxes that are whole, and what a keeper's record says about a container."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health, SandboxState, Usage
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId
from moyai.runtime.linux import processes, sandboxes
from moyai.runtime.linux.cgroups import Cgroups
from moyai.runtime.linux.layout import Layout, children
from moyai.runtime.linux.shim.record import RUNNING, STOPPED

_KILLED = 137


def observe(layout: Layout) -> Mapping[TaskId, SandboxState]:
    """Every sandbox that is whole."""
    tasks = [TaskId(path.name) for path in children(layout.tasks)]
    seen = {task: inspect(layout, task) for task in tasks}
    return {task: state for task, state in seen.items() if state is not None}


def inspect(layout: Layout, task: TaskId) -> SandboxState | None:
    """One task's; None when it has none that is whole."""
    spec = sandboxes.read(layout, task)
    if spec is None or not sandboxes.stands(layout, spec):
        return None
    seen = [container_state(task, path) for path in children(layout.containers(task))]
    images = {image: digest for image, digest in spec.images.items() if digest is not None}
    return SandboxState(task, {state.name: state for state in seen if state is not None}, spec.hosts, images)


def container_state(task: TaskId, directory: Path) -> ContainerState | None:
    """The container in this directory; None until it has been started.

    A container dies with its keeper. When that was killed (or the machine was), nobody wrote the end down: it counts as
    killed when its record last changed.
    """
    kept = processes.read(directory)
    if kept is None or kept.phase not in {RUNNING, STOPPED}:
        return None
    lost = kept.phase == RUNNING and not kept.keeper_lives()
    if lost:
        kept = processes.read(directory) or kept  # it may have written the end just before it went
        lost = kept.phase == RUNNING
    finished = _last_change(directory, kept) if lost else kept.finished_at
    return ContainerState(
        name=directory.name,
        phase=ContainerPhase.STOPPED if finished is not None else ContainerPhase.RUNNING,
        started_at=kept.started_at,
        finished_at=finished,
        exit_code=_KILLED if lost else kept.exit_code,
        reason="ContainerRuntimeError: the container's keeper was killed" if lost else kept.reason,
        health=Health(kept.health),
        runtime_id=runtime_id(task, directory.name),
        attempt=kept.attempt,
    )


def usage(cgroups: Cgroups, state: SandboxState | None) -> Mapping[str, Usage]:
    """What each container of a task that runs has used."""
    if state is None:
        return {}
    running = (name for name, seen in state.containers.items() if seen.phase is ContainerPhase.RUNNING)
    return {name: used for name in running if (used := cgroups.usage(f"{state.task}/{name}")) is not None}


def process(cgroups: Cgroups, state: SandboxState | None) -> int | None:
    """The id of a process of any of a task's containers; None when it has none."""
    found = (cgroups.process(f"{state.task}/{name}") for name in state.containers) if state else ()
    return next((pid for pid in found if pid is not None), None)


def _last_change(directory: Path, kept: processes.Kept) -> Instant:
    try:
        return Instant((directory / "state.json").stat().st_mtime)
    except FileNotFoundError:  # it is being removed
        return kept.started_at


def runtime_id(task: TaskId, name: str) -> str:
    """As Fargate's: the task's id and ten digits."""
    return f"{task}-{zlib.crc32(name.encode()):010d}"
