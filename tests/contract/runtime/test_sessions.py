"""Promises of every runtime about sessions (moyai/ports/sessions.py), on each of them."""

from __future__ import annotations

import asyncio

import pytest

from moyai.domain.sandbox.state import ContainerPhase
from moyai.ports.runtime import CannotStart, NotRunning
from moyai.ports.sessions import Execution, StandardStream, TerminalSize
from tests.contract.runtime.adapters import ENDS, RUNS, TASK, SimAdapter, container_state, sandbox

# The commands on each runtime: ``echo hello`` and then its input; an end with 3; an unknown program.
SIM = {"echo": ("hello",), "3": ("sim", "exit=3"), "missing": ("sim", "cannot_start")}
LINUX = {"echo": ("sh", "-c", "echo hello; exec cat"), "3": ("sh", "-c", "exit 3"), "missing": ("no-such-program",)}


def command(adapter, words, **more):
    return Execution(TASK, "app", (SIM if isinstance(adapter, SimAdapter) else LINUX)[words], **more)


@pytest.fixture
async def running(adapter):
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(RUNS))

    async def is_up():
        return [line async for line in adapter.runtime.logs(TASK, "app")] != []

    await adapter.until(is_up)
    return adapter


async def read_all(session):
    printed = b""
    while (output := await session.read()) is not None:
        assert output.stream is StandardStream.OUT
        printed += output.data
    return printed


@pytest.mark.parametrize("terminal", [None, TerminalSize(24, 80)], ids=["pipes", "a terminal"])
async def test_a_session_carries_input_and_output_until_the_input_ends(running, terminal):
    session = await running.runtime.execute(command(running, "echo", terminal=terminal))
    await session.write(b"again\n")
    output = asyncio.create_task(read_all(session))
    session.resize(TerminalSize(50, 132))
    session.end_input()
    printed = (await output).replace(b"\r\n", b"\n")
    assert b"hello\n" in printed
    assert b"again\n" in printed
    assert await session.wait() == 0
    for _ in range(2):
        await session.close()


async def test_a_session_has_an_exit_code(running):
    session = await running.runtime.execute(command(running, "3"))
    assert await session.wait() == 3
    assert await read_all(session) == b""
    await session.close()
    assert (await container_state(running.runtime)).phase is ContainerPhase.RUNNING


async def test_closing_a_session_ends_the_command(running):
    session = await running.runtime.execute(command(running, "echo"))
    await session.close()
    assert await session.wait() != 0
    await session.write(b"to nobody")


async def test_a_session_ends_with_its_container(running):
    session = await running.runtime.execute(command(running, "echo", terminal=TerminalSize(24, 80)))
    printed = await session.read()
    assert printed is not None
    assert b"hello" in printed.data
    await running.runtime.stop(TASK, "app")

    async def has_ended():
        return (await container_state(running.runtime)).phase is ContainerPhase.STOPPED

    await running.until(has_ended)
    ends = asyncio.ensure_future(session.wait())

    async def is_notified():
        return ends.done()

    await running.until(is_notified)
    assert ends.result() == 137
    await read_all(session)
    await session.close()


async def test_an_unknown_command_cannot_start(running):
    with pytest.raises(CannotStart):
        await running.runtime.execute(command(running, "missing"))


async def test_a_session_needs_a_running_container(adapter):
    with pytest.raises(NotRunning):
        await adapter.runtime.execute(command(adapter, "echo"))
    await adapter.runtime.prepare(sandbox())
    await adapter.runtime.start(adapter.container(ENDS))

    async def has_ended():
        return (await container_state(adapter.runtime)).phase is ContainerPhase.STOPPED

    await adapter.until(has_ended)
    with pytest.raises(NotRunning):
        await adapter.runtime.execute(command(adapter, "echo"))


async def test_closing_the_runtime_ends_its_sessions(running):
    session = await running.runtime.execute(command(running, "echo"))
    if isinstance(running, SimAdapter):
        await session.close()
    else:
        await running.runtime.close()
        running.runtime = running.another_runtime()
    assert await session.wait() != 0
    assert (await container_state(running.runtime)).phase is ContainerPhase.RUNNING
