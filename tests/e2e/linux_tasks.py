"""Containers on this machine, for the tests of what only the linux runtime does."""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.sandbox.spec import ContainerSpec
from moyai.domain.sandbox.state import ContainerPhase, ContainerState
from moyai.kernel.ids import TaskId
from tests.contract.runtime.places import IMAGE, TASK, LinuxPlace, look


def shell(line: str, name: str = "app", task: TaskId = TASK, **rest: object) -> ContainerSpec:
    """A container that runs one line of shell."""
    fields: Mapping[str, object] = {"stop_timeout": 1, "command": ("sh", "-c", line), "image": IMAGE} | rest
    return ContainerSpec(task=task, name=name, **fields)  # type: ignore[arg-type]


async def run(place: LinuxPlace, container: ContainerSpec) -> tuple[ContainerState, list[str]]:
    """Start a container, wait for its end; its state and what it wrote to stdout."""
    await place.runtime.start(container)
    return await end_of(place, container.task, container.name)


async def end_of(place: LinuxPlace, task: TaskId, name: str) -> tuple[ContainerState, list[str]]:
    """Wait until the container has ended; its state and what it wrote to stdout."""

    async def ended() -> bool:
        return (await look(place.runtime, task, name)).phase is ContainerPhase.STOPPED

    await place.until(ended)
    return await look(place.runtime, task, name), await output(place, task, name)


async def output(place: LinuxPlace, task: TaskId = TASK, name: str = "app") -> list[str]:
    """What it has written to stdout so far."""
    return [line.text async for line in place.runtime.logs(task, name) if line.stream == "stdout"]


async def said(place: LinuxPlace, text: str, task: TaskId = TASK, name: str = "app") -> None:
    """Wait until the container has written this line."""

    async def seen() -> bool:
        return text in await output(place, task, name)

    await place.until(seen)
