"""Helpers for tests of the linux runtime: start containers, wait for their output and their end."""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.sandbox.spec import ContainerSpec
from moyai.domain.sandbox.state import ContainerPhase, ContainerState
from moyai.kernel.ids import TaskId
from tests.contract.runtime.adapters import IMAGE, TASK, LinuxAdapter, container_state


def shell(line: str, name: str = "app", task: TaskId = TASK, **rest: object) -> ContainerSpec:
    """A container that runs a shell command."""
    fields: Mapping[str, object] = {"stop_timeout": 1, "command": ("sh", "-c", line), "image": IMAGE} | rest
    return ContainerSpec(task=task, name=name, **fields)  # type: ignore[arg-type]


async def run(adapter: LinuxAdapter, container: ContainerSpec) -> tuple[ContainerState, list[str]]:
    """Start a container and wait for its end. Returns its state and the lines on its stdout."""
    await adapter.runtime.start(container)
    return await end_of(adapter, container.task, container.name)


async def end_of(adapter: LinuxAdapter, task: TaskId, name: str) -> tuple[ContainerState, list[str]]:
    """Wait for a container's end. Returns its state and the lines on its stdout."""

    async def has_ended() -> bool:
        return (await container_state(adapter.runtime, task, name)).phase is ContainerPhase.STOPPED

    await adapter.until(has_ended)
    return await container_state(adapter.runtime, task, name), await output(adapter, task, name)


async def output(adapter: LinuxAdapter, task: TaskId = TASK, name: str = "app") -> list[str]:
    """The lines on a container's stdout so far."""
    return [line.text async for line in adapter.runtime.logs(task, name) if line.stream == "stdout"]


async def wait_for_output(adapter: LinuxAdapter, text: str, task: TaskId = TASK, name: str = "app") -> None:
    """Wait until a container has printed this line."""

    async def is_printed() -> bool:
        return text in await output(adapter, task, name)

    await adapter.until(is_printed)
