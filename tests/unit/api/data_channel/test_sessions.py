"""Exec sessions from creation to the end, on ASGI: the plugin speaks, and a simulated command answers."""

from __future__ import annotations

import asyncio

import pytest

from moyai.api.asgi import App, Limits
from moyai.api.data_channel.message import LARGEST_FRAME
from moyai.api.data_channel.relay import IDLE, IDLE_REASON
from moyai.api.data_channel.websocket import DataChannelEndpoint
from moyai.api.exec_sessions import LIFETIME, PATH, ExecSessionRegistry, TooManySessions
from moyai.domain.sandbox.spec import ContainerSpec
from moyai.kernel.clock import Seconds, later
from moyai.kernel.ids import TaskArn
from moyai.ports.sessions import CommandSession, Execution, TerminalSize
from moyai.runtime.sim.runtime import SimRuntime
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from tests.contract.runtime.adapters import TASK, sandbox
from tests.plugin import Plugin, frame
from tests.unit.api import world

ARN = TaskArn(f"arn:aws:ecs:us-east-1:123456789012:task/default/{TASK}")
LOCAL = ((b"host", b"127.0.0.1:4566"),)


class Gateway:
    """A container to enter, and the gateway to it."""

    def __init__(self, limits: Limits | None = None, runtime: type[SimRuntime] = SimRuntime) -> None:
        self.clock = ManualClock()
        self.runtime = runtime(self.clock)
        self.exec_sessions = ExecSessionRegistry(self.runtime, self.clock)
        self.app = App(world.gateway(), limits=limits, channels=DataChannelEndpoint(self.exec_sessions, SeededIds(9)))

    async def up(self) -> Gateway:
        await self.runtime.prepare(sandbox())
        await self.runtime.start(ContainerSpec(TASK, "app", "image", command=("sim",)))
        return self

    def offer(self, *words: str, **own: object) -> tuple[str, Plugin]:
        session, token = self.exec_sessions.create(ARN, Execution(TASK, "app", words or ("hello",)))
        return PATH + session, Plugin(token.reveal(), **own)

    async def pass_by(self, seconds: float) -> None:
        """Let time pass in one step, and let every waiting task run."""
        await self.clock.settle()
        self.clock.turn_to(later(self.clock.now(), seconds))
        await self.clock.settle()

    def connect(self, path: str, plugin: Plugin, headers: tuple[tuple[bytes, bytes], ...] = LOCAL) -> Wire:
        return Wire(self, path, plugin, headers)


class Wire:
    """A WebSocket between the plugin and the application."""

    def __init__(self, stage: Gateway, path: str, plugin: Plugin, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self.stage, self.plugin = stage, plugin
        self.sent: list[str] = []
        self.close_code: int | None = None
        self._up: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._up.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": path, "headers": list(headers), "query_string": b""}
        self.task = asyncio.create_task(stage.app(scope, self._up.get, self._down))

    async def _down(self, message) -> None:
        self.sent.append(message["type"])
        if message["type"] == "websocket.send":
            self.plugin.receive_frame(message["bytes"])
            self.flush()
        elif message["type"] == "websocket.close":
            self.close_code = message.get("code", 0)

    def flush(self) -> None:
        while self.plugin.outbox:
            self.put(bytes=self.plugin.outbox.pop(0))

    def put(self, **message: object) -> None:
        self._up.put_nowait({"type": "websocket.receive", **message})

    def leave(self) -> None:
        self._up.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def open(self) -> Wire:
        self.put(text=self.plugin.opening)
        return self

    async def until(self, condition, within: float = 60.0) -> None:
        await self.stage.clock.until(condition, within)


@pytest.fixture
async def gateway():
    return await Gateway().up()


async def start_session(stage, *words, **own):
    """A session in which the command has been started."""
    path, plugin = stage.offer(*words, **own)
    wire = stage.connect(path, plugin).open()
    await wire.until(lambda: plugin.ready)
    return wire


async def test_a_session_with_the_plugin(gateway):
    wire = await start_session(gateway)
    plugin = wire.plugin
    plugin.resize(50, 132)
    plugin.type(b"ls\r")
    wire.flush()
    await wire.until(lambda: plugin.output == b"hello\nls\r")
    [session] = gateway.runtime.sessions
    assert session.size == TerminalSize(50, 132)
    plugin.resize(10, 20)
    wire.flush()
    await wire.until(lambda: session.size == TerminalSize(10, 20))
    session.end_input()
    await wire.until(wire.task.done)
    assert plugin.closed["Output"] == ""
    assert plugin.closed["SessionId"].startswith("ecs-execute-command-")
    assert plugin.code is None  # the plugin would print it
    assert wire.close_code == 1000


class SlowRuntime(SimRuntime):
    """A runtime that needs a moment to start a command."""

    async def execute(self, execution: Execution) -> CommandSession:
        session = await super().execute(execution)
        await self._clock.sleep(Seconds(1))
        return session


async def test_a_size_that_changes_while_the_command_starts_is_not_lost():
    stage = await Gateway(runtime=SlowRuntime).up()
    wire = await start_session(stage)
    wire.plugin.resize(24, 80)
    wire.flush()
    await wire.until(lambda: bool(stage.runtime.sessions))
    wire.plugin.resize(50, 132)
    wire.flush()
    await wire.until(lambda: wire.plugin.output == b"hello\n")
    assert stage.runtime.sessions[0].size == TerminalSize(50, 132)
    wire.leave()
    await wire.until(wire.task.done)


async def test_output_before_the_client_is_ready_is_not_lost(gateway):
    path, plugin = gateway.offer()
    plugin.deaf = 2
    wire = gateway.connect(path, plugin).open()
    await wire.until(lambda: plugin.output == b"hello\n")
    wire.leave()


async def test_a_client_without_a_size_gets_a_default_terminal(gateway):
    wire = await start_session(gateway)
    await wire.until(lambda: bool(gateway.runtime.sessions))
    assert gateway.runtime.sessions[0].size == TerminalSize(24, 80)
    wire.leave()
    await wire.until(wire.task.done)


async def test_moyais_client_has_pipes_end_of_input_and_an_exit_code(gateway):
    wire = await start_session(gateway, "sim", "exit=3", Moyai={"Terminal": False})
    await wire.until(wire.task.done)
    assert gateway.runtime.sessions[0].size is None
    assert wire.plugin.code == 3
    wire = await start_session(gateway, Moyai={"Terminal": False})
    wire.plugin.type((1).to_bytes(4), 10)
    wire.flush()
    await wire.until(wire.task.done)
    assert wire.plugin.code == 0


async def test_a_disconnected_client_ends_the_command(gateway):
    wire = await start_session(gateway)
    await wire.until(lambda: bool(gateway.runtime.sessions))
    wire.leave()
    await wire.until(wire.task.done)
    assert await gateway.runtime.sessions[0].wait() == 137
    gateway.offer(), gateway.offer()


async def test_a_session_ends_after_twenty_idle_minutes(gateway):
    wire = await start_session(gateway)
    await wire.until(lambda: wire.plugin.output == b"hello\n")
    await gateway.pass_by(IDLE - 60)
    wire.plugin.type(b"x")
    wire.flush()
    await gateway.pass_by(IDLE - 60)
    assert not wire.task.done()
    await wire.until(wire.task.done, 120)
    assert wire.plugin.closed["Output"] == IDLE_REASON
    assert await gateway.runtime.sessions[0].wait() == 137


async def test_a_command_that_cannot_start_is_reported(gateway):
    wire = await start_session(gateway, "sim", "cannot_start")
    await wire.until(wire.task.done)
    assert "cannot_start" in wire.plugin.closed["Output"]


async def test_a_stopped_container_is_reported(gateway):
    path, plugin = gateway.offer()
    gateway.runtime.end_container(TASK, "app")
    wire = gateway.connect(path, plugin).open()
    await wire.until(wire.task.done)
    assert "is not running" in plugin.closed["Output"]


async def test_a_client_without_a_handshake_times_out(gateway):
    path, plugin = gateway.offer()
    wire = gateway.connect(path, plugin)
    wire.flush = lambda: None
    wire.open()
    await wire.until(wire.task.done)
    assert plugin.closed["Output"] == "The client did not answer the handshake."
    assert not gateway.runtime.sessions


@pytest.mark.parametrize(
    "message",
    [
        {"text": "hello"},
        {"bytes": b""},
        {"bytes": b"\0" * 500},
        {"bytes": frame("input_stream_data", b"{}", 3, 1)},
        {"bytes": frame("input_stream_data", b"\xff", 6, 1)},
        {"bytes": frame("output_stream_data", b"x", 1, 1)},
        {"bytes": frame("acknowledge", b"x")},
        {"bytes": b"\0" * (LARGEST_FRAME + 1)},
    ],
    ids=["text", "nothing", "zeros", "no size", "no answer", "the wrong way", "no acknowledgement", "too much"],
)
async def test_a_malformed_frame_closes_the_channel(gateway, message):
    wire = await start_session(gateway)
    wire.put(**message)
    await wire.until(wire.task.done)
    assert wire.plugin.closed["Output"]
    for session in gateway.runtime.sessions:
        assert await session.wait() == 137


# ---------------------------------------------------------------------------------------------------- who may come in


async def is_refused(stage, path, plugin, headers=LOCAL):
    wire = stage.connect(path, plugin, headers)
    await wire.until(wire.task.done)
    return wire.sent == ["websocket.close"]


async def test_only_a_pending_session_is_opened_and_only_once(gateway):
    path, plugin = gateway.offer()
    assert await is_refused(gateway, PATH + "ecs-execute-command-0", plugin)
    assert await is_refused(gateway, "/", plugin)
    wire = gateway.connect(path, plugin).open()
    await wire.until(lambda: plugin.ready)
    assert await is_refused(gateway, path, plugin)
    wire.leave()
    await wire.until(wire.task.done)
    assert await is_refused(gateway, path, plugin)


@pytest.mark.parametrize(
    "opening", ["", "{}", "[]", '{"TokenValue": "guess"}', '{"TokenValue": "\\ud800"}', "x" * 20_000]
)
async def test_a_wrong_token_is_refused(gateway, opening):
    path, plugin = gateway.offer()
    wire = gateway.connect(path, plugin)
    wire.put(text=opening)
    await wire.until(wire.task.done)
    assert wire.close_code == 1008
    assert not gateway.runtime.sessions
    right = gateway.connect(path, plugin).open()
    await right.until(lambda: plugin.ready)
    right.leave()


async def test_a_pending_session_expires_after_a_minute(gateway):
    path, plugin = gateway.offer()
    gateway.offer()
    with pytest.raises(TooManySessions):
        gateway.offer()
    await gateway.clock.advance(LIFETIME)
    assert await is_refused(gateway, path, plugin)
    gateway.offer()


async def test_tokens_do_not_appear_in_logs_or_representations(gateway):
    session, token = gateway.exec_sessions.create(ARN, Execution(TASK, "app", ("hello",)))
    assert token.reveal() not in repr(vars(gateway.exec_sessions)) + repr(token) + session
    assert len(token.reveal()) >= 40


@pytest.mark.parametrize(
    ("header", "any_origin"),
    [
        ((b"origin", b"https://evil.example"), False),
        ((b"origin", b"null"), False),
        ((b"sec-fetch-site", b"cross-site"), False),
        ((b"host", b"evil.example"), False),
        ((b"origin", b"https://evil.example"), True),
        ((b"origin", b"http://localhost"), True),
        ((b"origin", b"null"), True),
    ],
)
async def test_web_pages_of_other_origins_are_refused(header, any_origin):
    stage = await Gateway(Limits(any_origin=any_origin)).up()
    path, plugin = stage.offer()
    headers = (header,) if header[0] == b"host" else (*LOCAL, header)
    assert await is_refused(stage, path, plugin, headers)
    assert not await refused_with_token(stage, path, plugin)


async def test_with_keys_a_page_of_the_same_origin_is_accepted():
    stage = await Gateway(Limits(any_origin=True)).up()
    path, plugin = stage.offer()
    wire = stage.connect(
        path, plugin, ((b"host", b"moyai.example:4566"), (b"origin", b"https://moyai.example:4566"))
    ).open()
    await wire.until(lambda: plugin.ready)
    wire.leave()


async def refused_with_token(stage, path, plugin):
    wire = stage.connect(path, plugin).open()
    await wire.until(lambda: plugin.ready or wire.task.done())
    wire.leave()
    return not plugin.ready
