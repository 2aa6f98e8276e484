"""Hostile files in a container: each process that enters gets an error, and none blocks or runs out of memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from moyai.domain.sandbox.network import HostName
from moyai.domain.sandbox.spec import ContainerNames, Probe, VolumeMount
from moyai.domain.sandbox.state import Health
from moyai.ports.runtime import CannotCreate, CannotStart, SandboxFailed
from moyai.ports.sessions import Execution
from moyai.runtime.linux.runtime_paths import RuntimePaths
from tests.contract.runtime.adapters import TASK, container_state, sandbox
from tests.e2e import stack
from tests.e2e.installation import GRACE, MOYAI
from tests.e2e.leftovers import control_groups
from tests.e2e.linux_tasks import end_of, run, shell, wait_for_output
from tests.e2e.stack import Cluster, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PATHS = ("/etc/passwd", "/etc/group")
KINDS = {
    "a FIFO": "mkfifo $1",
    "a directory": "mkdir $1",
    "a socket": "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $1",
    "a link to itself": "ln -s $1 $1",
    "a link to an endless file": "ln -s /dev/zero $1",
    "a link to an open file": "ln -s /proc/1/fd/0 $1",
    "a link to a process's memory": "ln -s /proc/1/mem $1",
    "a gigabyte": "truncate -s 1G $1",
    "a gigabyte without an end of line": "head -c 1G /dev/zero | tr '\\0' x > $1",
}


def spoilt(kind: str, path: str) -> list[str]:
    """A command that makes such a file and keeps running."""
    return ["sh", "-c", f"rm -rf $1; {KINDS[kind]}; echo ready; exec sleep infinity", "sh", path]


@pytest.fixture(scope="module")
def tasks(rig):
    """A task for each hostile file."""
    started = {(kind, path): rig.start(spoilt(kind, path)) for kind in KINDS for path in PATHS}
    for arn in started.values():
        eventually(partial(_says_ready, rig, arn), "the file is there")
    yield started
    for arn in started.values():
        rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=arn)


def _says_ready(rig, arn):
    task, lines = rig.cluster.task(arn), rig.cluster.output_lines(arn)
    assert task["lastStatus"] != "STOPPED", (task.get("stoppedReason"), task["containers"], lines)
    return lines == ["ready"]


def enter(installation, arn, *words, user="nobody:nogroup"):
    """Run ``moyai exec``, which must end."""
    line = [*MOYAI, "exec", "-T", "--user", user, task_id(arn), "--", *words]
    environment = installation.environment()
    return subprocess.run(line, env=environment, check=False, timeout=GRACE, capture_output=True, text=True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_session_ends_with_an_error_that_names_the_file(rig, tasks, kind, path):
    ended = enter(rig.installation, tasks[kind, path], "true")
    assert ended.returncode == 255
    assert path in ended.stderr, ended.stderr


STOPS_EVERYBODY = """python3 -Bc '
import os, signal
print("ready", flush=True)
while True:
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in {1, os.getpid()}:
            try:
                os.kill(int(name), signal.SIGSTOP)
            except ProcessLookupError:
                pass
'"""
"""A program that stops every other process of its container."""


@pytest.fixture
async def stopper(linux):
    """A container that stops every process that enters it."""
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell(STOPS_EVERYBODY, probe=Probe(("CMD", "true"), interval=1, timeout=1, retries=2)))
    await wait_for_output(linux, "ready")
    return linux


async def test_a_session_that_the_container_stops_leaves_nothing_after_its_client(stopper):
    for _ in range(10):
        entering = asyncio.create_task(stopper.runtime.execute(Execution(TASK, "app", ("true",))))
        done, _ = await asyncio.wait({entering}, timeout=0.5)
        if done:
            await entering.result().close()
        else:
            entering.cancel()
            with pytest.raises(asyncio.CancelledError):
                await entering
        assert _helpers(stopper) == []


async def test_a_control_plane_ends_despite_sessions_that_a_container_stops(stopper):
    sessions = [
        asyncio.create_task(stopper.runtime.execute(Execution(TASK, "app", ("sleep", "1000")))) for _ in range(4)
    ]
    await asyncio.wait(sessions, timeout=1)
    async with asyncio.timeout(GRACE):
        await stopper.runtime.close()
    await asyncio.gather(*sessions, return_exceptions=True)
    stopper.runtime = stopper.another_runtime()
    assert _helpers(stopper) == []


async def test_a_stopped_health_check_fails_and_its_container_can_be_stopped(stopper):
    async def unhealthy():
        return (await container_state(stopper.runtime)).health is Health.UNHEALTHY

    await stopper.until(unhealthy)
    await stopper.runtime.stop(TASK, "app")
    state, _ = await end_of(stopper, TASK, "app")
    assert state.exit_code == 137


async def test_a_container_cannot_stop_its_monitor(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("kill -STOP 0; kill -STOP -1; echo up; exec sleep 1000"))
    await wait_for_output(linux, "up")
    await linux.runtime.stop(TASK, "app")
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 137


@pytest.mark.parametrize("spoil", ["rm {0}; mkfifo {0}", "rm {0}; ln -s {0} {0}", "rm {0}; truncate -s 1G {0}"])
@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/group", "/srv/work", "/srv/volume"])
async def test_a_restart_with_hostile_files_fails_with_their_path(linux, path, spoil):
    await linux.runtime.prepare(sandbox())
    remaining_shell = shell(f"cd /; mkdir -p /srv; touch {path}; {spoil.format(path)}")
    await run(linux, remaining_shell)
    volume = (VolumeMount("/srv/volume", "data"),) if path == "/srv/volume" else ()
    again = shell("true", attempt=1, user="nobody:nogroup", working_directory="/srv/work", volumes=volume)
    with pytest.raises((CannotCreate, CannotStart), match=path):
        await linux.runtime.start(again)


@pytest.mark.parametrize(
    "names", [ContainerNames(), ContainerNames("box", (HostName("10.1.2.3", "db.test"),), ("192.0.2.53",))]
)
async def test_hosts_hostname_and_resolv_conf_are_on_the_tasks_disk(linux, names):
    await linux.runtime.prepare(sandbox(storage_gib=1))
    fill = "for f in hosts hostname resolv.conf; do head -c 400M /dev/zero >> /etc/$f || echo full; done"
    _, lines = await run(linux, shell(f"exec 2>&1; {fill}; rm -f /none", names=names))
    assert [line for line in lines if "full" in line] == ["full"]
    task = RuntimePaths(linux.state).task(TASK)
    sizes = {
        path.name: path.stat().st_size for path in task.rglob("*") if path.name in {"hosts", "hostname", "resolv.conf"}
    }
    assert all(size < 1000 for size in sizes.values()), sizes


async def test_changed_hosts_reach_all_containers_of_a_task_with_a_disk(linux):
    before = sandbox(storage_gib=1)
    await linux.runtime.prepare(before)
    await linux.runtime.start(
        shell("echo 10.0.0.1 mine >> /etc/hosts; until grep later /etc/hosts; do sleep 0.1; done")
    )
    await linux.runtime.start(shell("until grep mine /etc/hosts; do sleep 0.1; done; exec sleep 1000", "side"))
    await wait_for_output(linux, "10.0.0.1 mine", name="side")
    await linux.runtime.set_hosts(TASK, (HostName("127.255.0.9", "later"),))
    _, seen = await end_of(linux, TASK, "app")
    assert seen == ["127.255.0.9 later"]
    _, seen = await run(linux, shell("grep -v localhost /etc/hosts", "look"))
    assert seen[-3:] == ["#27.255.0.1 db", "10.0.0.1 mine", "127.255.0.9 later"]


@pytest.mark.parametrize("disk", [{}, {"storage_gib": 1}])
async def test_a_hosts_file_that_a_container_enlarged_is_not_read(linux, disk):
    await linux.runtime.prepare(sandbox(**disk))
    await run(linux, shell("head -c 2M /dev/zero >> /etc/hosts"))
    with pytest.raises(SandboxFailed, match="/etc/hosts"):
        await linux.runtime.set_hosts(TASK, (HostName("127.255.0.9", "later"),))


@pytest.mark.parametrize("line", ["rm /etc/passwd; mkfifo /etc/passwd; echo ready; exec sleep 1000", STOPS_EVERYBODY])
def test_a_control_plane_ends_despite_a_task_that_blocks_sessions(make_installation, line):
    installation = make_installation()
    installation.up()
    cluster = Cluster(installation, "hostile")
    arn = cluster.run(cluster.define("hostile", stack.shell(line)))
    eventually(lambda: cluster.output_lines(arn) == ["ready"], "the task is ready")
    with enters(installation, arn):
        installation.terminate()
    installation.up()
    with enters(installation, arn):
        installation.down()


@contextmanager
def enters(installation, arn):
    """Start two sessions for the block."""
    words = [*MOYAI, "exec", "-T", task_id(arn), "--", "sleep", "1000"]
    clients = [subprocess.Popen(words, env=installation.environment(), stderr=subprocess.PIPE) for _ in range(2)]
    eventually(lambda: _session_exists(arn) or clients[0].poll() is not None, "a session was begun")
    yield
    for client in clients:
        client.communicate(timeout=GRACE)


def _session_exists(arn):
    """Whether a process of a session exists."""
    groups = Path("/proc").glob("[0-9]*/cgroup")
    return any(f"{task_id(arn)}/main/payload/session-" in _text(group) for group in groups)


def _text(path):
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""


def _helpers(linux):
    """The processes and control groups that are left of sessions."""
    words = ["ps", "--ppid", str(os.getpid()), "-o", "args="]
    splitlines = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
    own, session = f"/moyai/{linux.installation}/", "/session-"
    groups = [group for group in control_groups() if own in group and session in group]
    return [*(line for line in splitlines if "--exec-session" in line), *groups]


async def test_a_tree_that_is_deeper_than_functions_can_call_each_other_is_removed(linux):
    await linux.runtime.prepare(sandbox())
    volume = VolumeMount("/volume", "deep")
    deep = "cd /volume; n=0; while [ $n -lt 1500 ]; do mkdir d; cd d; n=$((n+1)); done; echo $n"
    state, lines = await run(linux, shell(deep, volumes=(volume,)))
    assert (state.exit_code, lines) == (0, ["1500"])
    await linux.runtime.release(TASK)
    assert not RuntimePaths(linux.state).known_tasks()
