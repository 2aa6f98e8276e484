"""What every runtime promises of sessions (moyai/ports/sessions.py), on each of them."""

from __future__ import annotations

import asyncio

import pytest

from moyai.domain.sandbox.state import ContainerPhase
from moyai.ports.runtime import CannotStart, NotRunning
from moyai.ports.sessions import Execution, Stream, TerminalSize
from tests.contract.runtime.places import ENDS, RUNS, TASK, SimPlace, look, sandbox

# What each place does with it: ``echo hello`` and then everything that it hears; an end with 3; nothing at all.
SIM = {"echo": ("hello",), "3": ("sim", "exit=3"), "missing": ("sim", "cannot_start")}
LINUX = {"echo": ("sh", "-c", "echo hello; exec cat"), "3": ("sh", "-c", "exit 3"), "missing": ("no-such-program",)}


def command(place, words, **more):
    return Execution(TASK, "app", (SIM if isinstance(place, SimPlace) else LINUX)[words], **more)


@pytest.fixture
async def running(place):
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(RUNS))
    return place


async def everything(session):
    said = b""
    while (output := await session.read()) is not None:
        assert output.stream is Stream.OUT
        said += output.data
    return said


@pytest.mark.parametrize("terminal", [None, TerminalSize(24, 80)], ids=["pipes", "a terminal"])
async def test_a_command_hears_and_is_heard_until_its_input_ends(running, terminal):
    session = await running.runtime.execute(command(running, "echo", terminal=terminal))
    await session.write(b"again\n")
    heard = asyncio.create_task(everything(session))
    session.resize(TerminalSize(50, 132))
    session.end_input()
    said = (await heard).replace(b"\r\n", b"\n")
    assert b"hello\n" in said
    assert b"again\n" in said
    assert await session.wait() == 0
    for _ in range(2):
        await session.close()


async def test_its_exit_code_is_known(running):
    session = await running.runtime.execute(command(running, "3"))
    assert await session.wait() == 3
    assert await everything(session) == b""
    await session.close()
    assert (await look(running.runtime)).phase is ContainerPhase.RUNNING


async def test_who_closes_it_ends_it(running):
    session = await running.runtime.execute(command(running, "echo"))
    await session.close()
    assert await session.wait() != 0
    await session.write(b"to nobody")


async def test_it_ends_with_its_container(running):
    session = await running.runtime.execute(command(running, "echo", terminal=TerminalSize(24, 80)))
    said = await session.read()
    assert said is not None
    assert b"hello" in said.data
    await running.runtime.stop(TASK, "app")

    async def ended():
        return (await look(running.runtime)).phase is ContainerPhase.STOPPED

    await running.until(ended)
    ends = asyncio.ensure_future(session.wait())

    async def known():
        return ends.done()

    await running.until(known)
    assert ends.result() == 137
    await everything(session)
    await session.close()


async def test_a_command_that_is_not_there_cannot_start(running):
    with pytest.raises(CannotStart):
        await running.runtime.execute(command(running, "missing"))


async def test_there_is_none_in_what_does_not_run(place):
    with pytest.raises(NotRunning):
        await place.runtime.execute(command(place, "echo"))
    await place.runtime.prepare(sandbox())
    await place.runtime.start(place.container(ENDS))

    async def ended():
        return (await look(place.runtime)).phase is ContainerPhase.STOPPED

    await place.until(ended)
    with pytest.raises(NotRunning):
        await place.runtime.execute(command(place, "echo"))


async def test_a_runtime_that_closes_ends_its_sessions(running):
    session = await running.runtime.execute(command(running, "echo"))
    if isinstance(running, SimPlace):
        await session.close()
    else:
        await running.runtime.close()
        running.runtime = running.again()
    assert await session.wait() != 0
    assert (await look(running.runtime)).phase is ContainerPhase.RUNNING
