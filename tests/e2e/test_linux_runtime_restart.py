"""Tasks outlive the control plane, and the next one adopts them."""

from __future__ import annotations

import asyncio
import fcntl
import marshal
import os
import signal
import sys
import termios
from pathlib import Path

import pytest

from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.sandbox.state import ContainerPhase, Health
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import CannotCreate, CannotStart
from moyai.ports.sessions import Execution
from moyai.runtime.linux.launch.monitors import read_record
from tests.contract.runtime.adapters import HEALTHY, LINUX, RUNS, TASK, container_state, proxy, sandbox
from tests.e2e.linux_tasks import end_of, output, shell, wait_for_output

pytestmark = [pytest.mark.e2e, pytest.mark.root]


def directory(linux, name="app"):
    return linux.state / "run/tasks" / TASK / "containers" / name


def record_of(linux, name="app"):
    record = read_record(directory(linux, name))
    assert record is not None
    return record


async def restart(linux):
    """The control plane goes and another comes."""
    await linux.runtime.close()
    linux.runtime = linux.another_runtime()


async def test_another_control_plane_adopts_running_containers(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(linux.container(RUNS, probe=HEALTHY))
    await linux.runtime.start_proxy(proxy())
    await wait_for_output(linux, "up")
    before = await container_state(linux.runtime)
    await restart(linux)

    async def healthy():
        return (await container_state(linux.runtime)).health is Health.HEALTHY

    await linux.until(healthy)
    after = await container_state(linux.runtime)
    assert (after.phase, after.started_at, after.runtime_id) == (
        ContainerPhase.RUNNING,
        before.started_at,
        before.runtime_id,
    )
    await linux.runtime.stop(TASK, "app")
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 143


async def test_an_end_without_a_control_plane_is_observed_later(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("echo up; sleep 0.3; echo over; exit 4"))
    await restart(linux)
    state, lines = await end_of(linux, TASK, "app")
    assert (state.exit_code, lines) == (4, ["up", "over"])


async def test_a_container_dies_with_its_monitor_and_counts_as_killed(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell(LINUX[RUNS][2]))
    await wait_for_output(linux, "up")
    record = record_of(linux)
    os.kill(record.monitor, signal.SIGKILL)
    state, _ = await end_of(linux, TASK, "app")
    assert (state.exit_code, state.reason) == (137, "ContainerRuntimeError: the container's monitor was killed")
    assert state == await container_state(linux.runtime)

    async def has_exited():
        return not Path(f"/proc/{record.init}").exists()  # noqa: ASYNC240 - /proc never blocks

    await linux.until(has_exited)


async def test_monitors_go_on_without_the_process_that_they_were_forked_from(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell(LINUX[RUNS][2]))
    await wait_for_output(linux, "up")
    server = linux.runtime._monitors._process
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    for name in ("later", "last"):
        await linux.runtime.start(shell(LINUX[RUNS][2], name))
        await wait_for_output(linux, "up", name=name)
    assert (await container_state(linux.runtime)).phase is ContainerPhase.RUNNING
    later, last = (files_of(record_of(linux, name).monitor) for name in ("later", "last"))
    assert not later & last
    server = linux.runtime._monitors._process
    await restart(linux)
    assert server.returncode == 0
    assert (await container_state(linux.runtime, name="later")).phase is ContainerPhase.RUNNING


async def test_a_start_that_waits_for_a_killed_server_is_made_by_the_next(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("true", "first"))
    server = linux.runtime._monitors._process
    os.kill(server.pid, signal.SIGSTOP)
    await asyncio.to_thread(os.waitpid, server.pid, os.WUNTRACED)  # or it could take the request before it stops
    waiting = asyncio.create_task(linux.runtime.start(shell(LINUX[RUNS][2])))

    async def is_queued():
        unread = fcntl.ioctl(linux.runtime._monitors._requests, termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(unread, sys.byteorder) > 0

    await linux.until(is_queued)
    os.kill(server.pid, signal.SIGKILL)
    await waiting
    await wait_for_output(linux, "up")


async def test_a_server_that_is_killed_before_it_gets_a_request_is_replaced(linux, monkeypatch):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("true", "first"))
    servers = linux.runtime._monitors
    connect = servers._connection
    killed: list[int] = []

    def connect_and_kill():
        connection = connect()
        if not killed:
            killed.append(servers._process.pid)
            os.kill(killed[0], signal.SIGKILL)
            os.waitid(os.P_PID, killed[0], os.WEXITED | os.WNOWAIT)
        return connection

    monkeypatch.setattr(servers, "_connection", connect_and_kill)
    await linux.runtime.start(shell(LINUX[RUNS][2]))
    await wait_for_output(linux, "up")
    assert servers._process.pid not in killed


def files_of(pid):
    """The open files, pipes and sockets of a process."""
    links = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()} - {"/dev/null"}
    return {link for link in links if link.startswith(("/", "pipe:", "socket:"))}


async def test_a_recycled_pid_is_never_signalled(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("true"))
    await end_of(linux, TASK, "app")
    bystander = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        file = directory(linux) / "state.json"
        record = record_of(linux)
        text = file.read_text().replace(f'"init":{record.init},', f'"init":{bystander.pid},')
        file.write_text(text.replace(f'"keeper":{record.monitor},', f'"keeper":{bystander.pid},'))
        await linux.runtime.stop(TASK, "app")
        await linux.runtime.release(TASK)
        assert bystander.returncode is None
    finally:
        bystander.terminate()
        await bystander.wait()


async def test_a_monitor_that_was_killed_while_starting_is_not_mistaken_for_one_that_runs(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("true"))
    await end_of(linux, TASK, "app")

    async def monitor_is_gone():
        return not record_of(linux).monitor_lives()

    await linux.until(monitor_is_gone)
    record = directory(linux) / "state.json"
    record.write_text(record.read_text().replace('"phase":"stopped"', '"phase":"starting"'))
    assert (await linux.runtime.inspect(TASK)).containers == {}
    with pytest.raises(CannotCreate, match="monitor was killed"):
        await linux.runtime.start(shell("true"))


async def test_a_stop_before_the_monitor_handles_signals_is_not_lost(linux):
    await linux.runtime.prepare(sandbox())
    directory(linux).mkdir(parents=True)
    await linux.runtime.stop(TASK, "app")
    await linux.runtime.start(shell("trap '' TERM; while :; do sleep 0.1; done"))
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 137


async def test_an_incomplete_sandbox_is_completed_or_swept(linux):
    await linux.runtime.prepare(sandbox())
    (linux.state / "run/tasks" / TASK / "sandbox.json").unlink()
    assert await linux.runtime.observe() == {}
    await linux.runtime.prepare(sandbox())
    assert list(await linux.runtime.observe()) == [TASK]
    (linux.state / "run/tasks" / TASK / "sandbox.json").unlink()
    await linux.runtime.sweep(frozenset())
    assert not list((linux.state / "run/tasks").iterdir())
    assert not list((linux.state / "run/netns").glob("task-*"))


async def test_public_ports_answer_while_the_control_plane_is_down(linux):
    await linux.runtime.prepare(sandbox())
    server = "exec python3 -m http.server --bind 0.0.0.0 8080 --directory /etc/default"
    await linux.runtime.start(shell(server))
    public = f"127.83.{os.getpid() % 250}.2"
    await linux.runtime.publish([PublishedPort(TASK, public, VpcId("vpc-0"), "172.31.0.11", 8080)])

    async def answers():
        try:
            _, writer = await asyncio.open_connection(public, 8080)
        except OSError:
            return False
        writer.close()
        return True

    await linux.until(answers)
    await restart(linux)
    assert await answers()
    assert await output(linux) == []


async def test_a_session_in_a_container_of_a_version_without_filters_is_refused(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("echo up; exec sleep 1000"))
    await wait_for_output(linux, "up")
    order = directory(linux) / "order"
    fields = marshal.loads(await asyncio.to_thread(order.read_bytes))  # noqa: S302 - the runtime wrote it
    del fields["seccomp_filter"]
    await asyncio.to_thread(order.write_bytes, marshal.dumps(fields))
    with pytest.raises(CannotStart, match="too old to enter it"):
        await linux.runtime.execute(Execution(TASK, "app", ("true",)))
