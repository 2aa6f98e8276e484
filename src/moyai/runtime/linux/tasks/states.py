"""The observed state of tasks: sandboxes that are complete, and what monitors' records say about their containers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

from moyai.domain.sandbox.network import NodesNetwork
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health, SandboxState
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.launch.monitors import MonitorRecord, read_record
from moyai.runtime.linux.runtime_paths import RuntimePaths, subdirectories
from moyai.runtime.linux.shim.record import RUNNING, STOPPED
from moyai.runtime.linux.tasks import sandboxes, user_ids

_KILLED = 137


def observe(paths: RuntimePaths) -> Mapping[TaskId, SandboxState]:
    """The state of every complete sandbox."""
    tasks = [TaskId(path.name) for path in subdirectories(paths.tasks)]
    states = {task: inspect(paths, task) for task in tasks}
    return {task: state for task, state in states.items() if state is not None}


def inspect(paths: RuntimePaths, task: TaskId) -> SandboxState | None:
    """The state of one sandbox; None if there is none, or it is incomplete."""
    spec = sandboxes.load(paths, task)
    if spec is None or not sandboxes.still_exists(paths, spec):
        return None
    states = [container_state(task, path) for path in subdirectories(paths.containers(task))]
    containers = {state.name: state for state in states if state is not None}
    addresses = spec.network.addresses if isinstance(spec.network, NodesNetwork) else ()
    missing = user_ids.missing_requirement(paths.state)
    return SandboxState(task, containers, spec.hosts, addresses=addresses, missing_user_namespace=missing)


def container_state(task: TaskId, directory: Path) -> ContainerState | None:
    """The state of the container in this directory; None until it has been started.

    A container dies with its monitor. If that was killed, or the machine was, nothing recorded the end: the container
    counts as killed at the last change of its record.
    """
    record = read_record(directory)
    if record is None or record.phase not in {RUNNING, STOPPED}:
        return None
    is_lost = record.phase == RUNNING and not record.monitor_lives()
    if is_lost:
        record = read_record(directory) or record  # the monitor may have recorded the end just before its own
        is_lost = record.phase == RUNNING
    finished_at = _last_change(directory, record) if is_lost else record.finished_at
    return ContainerState(
        name=directory.name,
        phase=ContainerPhase.STOPPED if finished_at is not None else ContainerPhase.RUNNING,
        started_at=record.started_at,
        finished_at=finished_at,
        exit_code=_KILLED if is_lost else record.exit_code,
        reason="ContainerRuntimeError: the container's monitor was killed" if is_lost else record.reason,
        health=Health(record.health),
        runtime_id=_runtime_id(task, directory.name),
        attempt=record.attempt,
    )


def _last_change(directory: Path, record: MonitorRecord) -> Instant:
    try:
        return Instant((directory / "state.json").stat().st_mtime)
    except FileNotFoundError:  # the container is being removed
        return record.started_at


def _runtime_id(task: TaskId, name: str) -> str:
    """An id in Fargate's form: the task's id and ten digits."""
    return f"{task}-{zlib.crc32(name.encode()):010d}"
