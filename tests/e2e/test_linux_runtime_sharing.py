"""PID and IPC namespaces that containers share, and what stays out of reach."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.linux import DEFAULT_CAPABILITIES
from moyai.domain.sandbox.spec import NamespaceSharing, Probe
from moyai.domain.sandbox.state import ContainerPhase, Health
from moyai.ports.runtime import CannotCreate
from moyai.ports.sessions import Execution
from moyai.runtime.linux.launch.monitors import read_record
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.cgroup_processes import members
from moyai.runtime.linux.tasks.user_ids import first_id
from tests.contract.runtime.adapters import OTHER, TASK, behind, container_state, instance, proxy, sandbox
from tests.e2e.linux_tasks import end_of, output, run, shell, wait_for_output
from tests.e2e.test_linux_runtime_network import prepare

pytestmark = [pytest.mark.e2e, pytest.mark.root]

HOST = instance(9)
STAYS = "echo up; exec sleep 1000"
SEES = "ps -eo args"
LEAVES_SOMEBODY = "(setsid sleep 4242 &) ; echo up; exec sleep 1000"


def until_seen(args):
    """A shell's loop that lasts until the shell has become this process."""
    return f"until ps -eo args | grep -qx '{args}'; do sleep 0.1; done"


def pause(linux, task=TASK):
    """The monitor's record of what holds a sandbox's namespaces."""
    record = read_record(RuntimePaths(linux.state).pause(task))
    assert record is not None
    return record


async def test_containers_of_a_task_share_their_processes_and_see_no_others(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK))
    await linux.runtime.prepare(sandbox(2, processes=NamespaceSharing.TASK))
    await linux.runtime.start(shell("exec sleep 1111", "app"))
    await linux.runtime.start(shell("exec sleep 2222", "app", OTHER))
    _, seen = await run(linux, shell(f"echo $$; kill -0 2; {until_seen('sleep 1111')}; {SEES}", "side"))
    assert seen[0] != "1"
    assert "sleep 1111" in seen
    assert "sleep 2222" not in seen
    assert len(seen) <= 7  # its number, a heading, the holder, the neighbour, itself and ps
    assert (await container_state(linux.runtime)).phase is ContainerPhase.RUNNING


async def test_a_proxy_for_a_container_shares_no_namespaces(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK))
    await linux.runtime.start_proxy(replace(proxy(), name="envoy", container=shell("", "envoy")))

    async def healthy():
        return (await container_state(linux.runtime, TASK, "envoy")).health is Health.HEALTHY

    await linux.until(healthy)
    _, seen = await run(linux, shell(SEES, "side"))
    assert "/pause" in seen
    assert [line for line in seen if "envoy" in line] == []


async def test_containers_without_sharing_are_isolated(linux):
    await linux.runtime.prepare(sandbox(ipc=NamespaceSharing.TASK))
    await linux.runtime.start(shell("exec sleep 1111", "app"))
    _, seen = await run(linux, shell(f"echo $$; {SEES}", "side"))
    assert seen[0] == "1"
    assert "sleep 1111" not in seen


async def test_a_container_ends_with_its_own_processes_only(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK))
    await linux.runtime.start(shell(STAYS, "app"))
    await run(linux, shell(until_seen("sleep 1000"), "first"))
    for number, line in enumerate(("(setsid sleep 4242 &); sleep 0.1", "(setsid sleep 4242 &); kill -9 $$")):
        await run(linux, shell(line, "job", attempt=number))
        _, seen = await run(linux, shell(SEES, "look", attempt=number))
        assert "sleep 4242" not in seen
        assert "sleep 1000" in seen
    assert (await container_state(linux.runtime)).phase is ContainerPhase.RUNNING
    await linux.runtime.stop(TASK, "app")
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 143  # SIGTERM's own effect: it is not the first process of its namespace


async def test_a_later_attempt_starts_without_the_processes_of_a_killed_monitor(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK))
    await linux.runtime.start(shell(LEAVES_SOMEBODY, "app"))
    await wait_for_output(linux, "up")
    record = read_record(RuntimePaths(linux.state).container(TASK, "app"))
    assert record is not None
    os.kill(record.monitor, signal.SIGKILL)
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 137
    _, seen = await run(linux, shell(f"sleep 0.1; {SEES}", "app", attempt=1))
    assert "sleep 4242" not in seen


async def test_orphans_are_reaped_by_the_pause_process_or_the_containers_reaper(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK))
    is_left = "ps -eo stat,args | grep -qE '^Z|^[^ ]+ +sleep 0[.]01'"
    lines = f"for n in 1 2 3 4 5; do (sleep 0.01 & exec true); done; while {is_left}; do sleep 0.1; done; echo reaped"
    for number, init in enumerate((False, True)):
        _, seen = await run(linux, shell(lines, "app", init=init, attempt=number))
        assert seen[number:] == ["reaped"]


async def test_a_health_check_and_a_session_are_in_the_shared_namespaces(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK, ipc=NamespaceSharing.TASK))
    await linux.runtime.start(shell("touch /dev/shm/mark; exec sleep 1111", "app"))
    check = Probe(("CMD-SHELL", "ps -eo args | grep -q '^sleep 1111' && test -e /dev/shm/mark"), interval=1)
    await linux.runtime.start(shell(STAYS, "side", probe=check))

    async def healthy():
        return (await container_state(linux.runtime, TASK, "side")).health is Health.HEALTHY

    await linux.until(healthy)
    session = await linux.runtime.execute(Execution(TASK, "side", ("sh", "-c", f"{SEES}; ls /dev/shm")))
    seen = b""
    while (part := await session.read()) is not None:
        seen += part.data
    assert await session.wait() == 0
    assert b"sleep 1111" in seen
    assert b"mark" in seen
    await session.close()


async def test_a_session_ends_with_its_container(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK))
    await linux.runtime.start(shell(STAYS, "app"))
    session = await linux.runtime.execute(Execution(TASK, "app", ("sleep", "1000")))
    await linux.runtime.stop(TASK, "app")
    await end_of(linux, TASK, "app")
    assert await session.wait() == 137
    await session.close()


IPC = """python3 -c '
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
print(libc.msgget(0x1234, 0o600 | (0o1000 if sys.argv[1:] == ["make"] else 0)) >= 0)' """


@pytest.mark.parametrize(("ipc", "segments"), [(NamespaceSharing.TASK, True), (NamespaceSharing.OWN, False)])
async def test_ipc_and_shared_memory_are_shared_as_specified(linux, ipc, segments):
    await linux.runtime.prepare(sandbox(ipc=ipc, shared_memory=7))
    await linux.runtime.prepare(sandbox(2, ipc=ipc))
    make = f"{IPC} make; echo hello > /dev/shm/note; echo up; exec sleep 1000"
    await linux.runtime.start(shell(make, "app"))
    await wait_for_output(linux, "up")
    look_up = f"{IPC}; cat /dev/shm/note; df -m --output=size /dev/shm | tail -1; cat /proc/sys/kernel/shmmni"
    _, seen = await run(linux, shell(look_up, "side", sysctls={"kernel.shmmni": "77"}))
    expected = ["True", "hello", "7", "77"] if segments else ["False", "64", "77"]
    assert [line.strip() for line in seen] == expected
    _, seen = await run(linux, shell(look_up, "app", OTHER))
    assert [line.strip() for line in seen] == ["False", "64", "4096"]


async def test_tasks_with_mode_host_share_the_instances_namespaces_and_others_do_not(linux):
    await prepare(linux, HOST)
    shares = {"host": HOST.task, "processes": NamespaceSharing.HOST, "ipc": NamespaceSharing.HOST}
    for number in (1, 2):
        await linux.runtime.prepare(replace(behind(HOST, number), **shares))
    third = behind(HOST, 3)
    await linux.runtime.prepare(third)
    await linux.runtime.start(shell("echo hi > /dev/shm/note; echo up; exec sleep 1111", "app"))
    await linux.runtime.start(shell("exec sleep 3333", "app", third.task))
    await wait_for_output(linux, "up")
    _, seen = await run(linux, shell(f"cat /dev/shm/note; {until_seen('sleep 1111')}; {SEES}", "app", OTHER))
    assert seen[0] == "hi"
    assert "sleep 1111" in seen
    assert "sleep 3333" not in seen
    assert not [line for line in seen if "moyai" in line or "pytest" in line]
    await linux.runtime.release(TASK)
    _, later = await run(linux, shell(SEES, "app", OTHER, attempt=1))
    assert "sleep 1111" not in later[len(seen) :]
    await linux.runtime.release(OTHER)
    await linux.runtime.release(HOST.task)


async def test_the_pause_process_reveals_nothing_and_cannot_be_killed_from_inside(linux):
    """Even by root with SYS_PTRACE, which Fargate may have."""
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK, ipc=NamespaceSharing.TASK))
    await linux.runtime.start(shell(STAYS, "app"))
    tries = """
        kill -9 1; kill -TERM 1; kill -STOP 1; sleep 0.1; ps -o stat= 1 | grep -c T
        grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/1/status
        ls -A /proc/1/fd | wc -l; ls -A /proc/1/root; ls -A /proc/1/cwd
        cat /proc/1/root/etc/hostname || echo nothing
        touch /proc/1/root/x || echo sealed
        test /proc/1/ns/net -ef /proc/self/ns/net && echo same network
        python3 -c "open('/proc/1/exe', 'r+b')" 2>/dev/null || echo closed
        tr '\\0' '\\n' < /proc/1/environ | wc -l
    """
    able = shell(tries, "able", capabilities=DEFAULT_CAPABILITIES | {"SYS_PTRACE"})
    nobody = first_id(linux.state / "run/tasks" / TASK) + 65534
    _, seen = await run(linux, able)
    assert [" ".join(line.split()) for line in seen] == [
        "0",
        " ".join(["Uid:", *[str(nobody)] * 4]),
        *("CapEff: 0000000000000000", "CapBnd: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2"),
        *("0", "dev", "proc", "sys", "dev", "proc", "sys", "nothing", "sealed", "same network", "closed", "0"),
    ]
    _, seen = await run(linux, shell("ls /proc/1/root || echo no; ls /proc/1/fd/ | wc -l", "plain"))
    assert seen == ["no", "0"]
    assert (await container_state(linux.runtime)).phase is ContainerPhase.RUNNING


async def test_a_task_ends_with_its_pause_process_and_starts_nothing_more(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK))
    await linux.runtime.start(shell(STAYS, "app"))
    os.kill(pause(linux).init, signal.SIGKILL)
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 137
    with pytest.raises(CannotCreate, match=r"namespace.* has ended"):
        await linux.runtime.start(shell("true", "late"))


async def test_another_control_plane_adopts_shared_namespaces_and_removes_them(linux):
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK, ipc=NamespaceSharing.TASK))
    await linux.runtime.start(shell(STAYS, "app"))
    await linux.runtime.close()
    linux.runtime = linux.another_runtime()
    await linux.runtime.prepare(sandbox(processes=NamespaceSharing.TASK, ipc=NamespaceSharing.TASK))
    _, seen = await run(linux, shell(f"{until_seen('sleep 1000')}; {SEES}", "side"))
    assert "sleep 1000" in seen
    holder = pause(linux)
    await linux.runtime.release(TASK)
    assert not await asyncio.to_thread(os.path.exists, f"/proc/{holder.init}")
    assert not holder.monitor_lives()


async def test_memory_in_a_shared_dev_shm_counts_for_the_writer(linux):
    await linux.runtime.prepare(sandbox(ipc=NamespaceSharing.TASK, shared_memory=64))
    await linux.runtime.start(shell(f"head -c 20000000 /dev/zero > /dev/shm/big; {STAYS}", "app"))
    await wait_for_output(linux, "up")
    await linux.runtime.start(shell(STAYS, "side"))
    used = await linux.runtime.usage(TASK)
    assert used["app"].memory_bytes > 20_000_000 > used["side"].memory_bytes
    assert await output(linux) == ["up"]
    assert members(f"/sys/fs/cgroup/moyai/{linux.installation}/{TASK}") == []
