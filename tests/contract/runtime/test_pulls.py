"""Promises of every runtime about the pulls of images."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.pull import ImagePull, PullPhase, PullState
from moyai.domain.sandbox.spec import ContainerSpec
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotPull, SandboxFailed
from tests.contract.runtime.adapters import IMAGE, OTHER, RUNS, TASK, RuntimeAdapter, sandbox

NOWHERE = "127.0.0.1:9/web:1"
"""The name of an image whose registry refuses connections."""


async def test_an_image_that_is_nowhere_cannot_be_pulled_and_not_started(adapter):
    with pytest.raises(SandboxFailed):
        await adapter.runtime.pull(TASK, (ImagePull("app", NOWHERE),))
    await adapter.runtime.prepare(sandbox())
    states = await pull(adapter, TASK, ImagePull("app", NOWHERE), ImagePull("side", IMAGE))
    assert states["app"].phase is PullPhase.FAILED
    assert (states["app"].reason or "").startswith("CannotPullContainerError: ")
    assert NOWHERE in (states["app"].reason or "")
    assert states["side"].phase is PullPhase.PULLED
    assert await pull(adapter, TASK, ImagePull("app", NOWHERE)) == {"app": states["app"]}
    with pytest.raises(CannotPull, match=NOWHERE) as fault:
        await adapter.runtime.start(ContainerSpec(TASK, "app", NOWHERE))
    assert fault.value.reason.startswith("CannotPullContainerError: ")


async def test_a_released_task_has_no_pulls(adapter):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.pull(TASK, (ImagePull("app", NOWHERE),))
    await adapter.runtime.release(TASK)
    await adapter.runtime.prepare(sandbox())
    state = await adapter.runtime.inspect(TASK)
    assert state is not None
    assert state.pulls == {}


async def test_a_pull_gives_the_digest_that_later_containers_run(adapter):
    """Whatever the name stands for by then."""
    image = adapter.image("shop/web:1")
    for number in (1, 2):
        await adapter.runtime.prepare(sandbox(number))
    digest = (await pull(adapter, TASK, ImagePull("app", image)))["app"].digest or ""
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert adapter.image(image) == image  # another one of that name
    assert (await pull(adapter, OTHER, ImagePull("app", image)))["app"].digest != digest
    assert (await pull(adapter, OTHER, ImagePull("app", image, digest)))["app"].digest == digest
    for task in (TASK, OTHER):
        await adapter.runtime.start(replace(adapter.container(RUNS, task=task), image=image, digest=digest))
    unknown = replace(adapter.container(RUNS, name="no"), image=image, digest="sha256:" + "0" * 64)
    with pytest.raises(CannotPull, match=image):
        await adapter.runtime.start(unknown)


async def test_an_image_that_is_here_is_not_downloaded(adapter):
    await adapter.runtime.prepare(sandbox())
    assert (await pull(adapter, TASK, ImagePull("app", adapter.image("shop/web:3"))))["app"].progress is None


async def test_an_image_stays_for_tasks_that_come_later(adapter):
    image = adapter.image("shop/web:2")
    await adapter.runtime.prepare(sandbox())
    digest = (await pull(adapter, TASK, ImagePull("app", image)))["app"].digest or ""
    await adapter.runtime.keep_images(frozenset({digest}))
    await adapter.runtime.release(TASK)
    adapter.image(image)  # another one of that name
    await adapter.runtime.prepare(sandbox())
    assert (await pull(adapter, TASK, ImagePull("app", image, digest)))["app"].digest == digest
    await adapter.runtime.keep_images(frozenset())


async def pull(adapter: RuntimeAdapter, task: TaskId, *images: ImagePull) -> Mapping[str, PullState]:
    """Pull these images, and give the states of the pulls when all have ended."""
    await adapter.runtime.pull(task, images)

    async def states() -> Mapping[str, PullState]:
        state = await adapter.runtime.inspect(task)
        assert state is not None
        return state.pulls

    async def have_ended() -> bool:
        return all(state.phase is not PullPhase.PULLING for state in (await states()).values())

    await adapter.until(have_ended)
    return await states()
