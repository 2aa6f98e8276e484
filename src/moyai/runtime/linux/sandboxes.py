"""A sandbox's specification, kept in its directory: what it was made from, and the names that it was told last."""

from __future__ import annotations

import msgspec

from moyai.domain.sandbox.spec import SandboxSpec
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux.layout import Layout


def keep(layout: Layout, spec: SandboxSpec) -> None:
    """Write it down, whole or not at all."""
    fresh = layout.task(spec.task) / "sandbox.new"
    fresh.write_bytes(msgspec.json.encode(spec))
    fresh.replace(layout.sandbox(spec.task))


def read(layout: Layout, task: TaskId) -> SandboxSpec | None:
    """What a task's sandbox is; None when it isn't whole."""
    try:
        return msgspec.json.decode(layout.sandbox(task).read_bytes(), type=SandboxSpec)
    except FileNotFoundError:
        return None


def required(layout: Layout, task: TaskId) -> SandboxSpec:
    """The same; raises SandboxFailed instead of None."""
    spec = read(layout, task)
    if spec is None:
        raise SandboxFailed(f"task {task} has no sandbox")
    return spec
