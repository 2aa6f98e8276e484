"""The environment, rights, limits and output of a container, and what it cannot reach."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import MemoryLimits, Probe, Ulimit
from moyai.domain.sandbox.state import ContainerPhase, Health
from moyai.ports.runtime import CannotCreate, CannotStart
from moyai.runtime.linux.launch.monitors import read_record
from tests.contract.runtime.adapters import LINUX, RUNS, TASK, LinuxAdapter, container_state, sandbox
from tests.e2e.linux_tasks import end_of, output, run, shell, wait_for_output

pytestmark = [pytest.mark.e2e, pytest.mark.root]

KEEPER_LIMIT_KIB = 10 * 1024
READ_KEY_RING = """python3 -c '
import ctypes, errno, platform
libc, keyctl = ctypes.CDLL(None, use_errno=True), {"x86_64": 250, "aarch64": 219}[platform.machine()]
print(libc.syscall(keyctl, 6, -4, None, 0), errno.errorcode.get(ctypes.get_errno()))
assert ctypes.get_errno() == errno.EPERM'"""
"""KEYCTL_DESCRIBE of the user's key ring, which every process of that user on this machine has in common."""


async def test_environment_directory_and_user_are_as_specified(linux):
    await linux.runtime.prepare(sandbox())
    container = shell(
        'echo "$GREETING $HOME $HOSTNAME"; pwd; id -u; id -g; id -G; echo hi > /dev/stdout; umask',
        environment={"GREETING": "hello"},
        working_directory="/srv/app/new",
        user="nobody",
    )
    state, lines = await run(linux, container)
    assert lines == ["hello /nonexistent ip-172-31-0-11", "/srv/app/new", "65534", "65534", "65534", "hi", "0022"]
    assert state.exit_code == 0


@pytest.mark.parametrize(
    ("user", "identity"), [("1234", "1234 0 0"), ("1234:4321", "1234 4321 4321"), ("root:daemon", "0 1 1")]
)
async def test_a_user_may_be_a_number_with_or_without_a_group(linux, user, identity):
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, shell("echo $(id -u) $(id -g) $(id -G)", user=user))
    assert lines == [identity]


@pytest.mark.parametrize(
    ("change", "fault", "words"),
    [
        ({"user": "nobody-of-that-name"}, CannotStart, "unable to find user nobody-of-that-name"),
        ({"user": "0:no-such-group"}, CannotStart, "unable to find group no-such-group"),
        (
            {"command": ("no-such-program",)},
            CannotStart,
            r'exec: "no-such-program": executable file not found in \$PATH',
        ),
        ({"command": ("/no/such",)}, CannotStart, "stat /no/such: no such file or directory"),
        ({"command": ("/etc/passwd",)}, CannotStart, "permission denied"),
        ({"command": ()}, CannotStart, "no command specified"),
        ({"working_directory": "/etc/passwd/below"}, CannotStart, "/etc/passwd"),
        ({"working_directory": "srv"}, CannotCreate, "directory 'srv' is invalid, it needs to be an absolute path"),
        ({"ulimits": (Ulimit("nonsense", 1, 1),)}, CannotCreate, "ulimit nonsense"),
        (
            {"ulimits": (Ulimit("nofile", 1024, 2**31 - 1),)},
            CannotStart,
            r"nofile to 1024 and 2147483647 \(soft and hard\): this machine allows at most \d+ \(fs.nr_open\)",
        ),
        (
            {"ulimits": (Ulimit("nofile", -1, -1),)},
            CannotStart,
            r"error setting rlimit nofile to unlimited and unlimited \(soft and hard\): this machine allows at most",
        ),
    ],
)
async def test_a_failed_start_has_a_reason(linux, change, fault, words):
    await linux.runtime.prepare(sandbox())
    with pytest.raises(fault, match=words):
        await linux.runtime.start(shell("true", **change))
    assert (await linux.runtime.inspect(TASK)).containers == {}


async def test_the_command_is_process_1_in_its_own_namespaces_with_few_capabilities(linux):
    await linux.runtime.prepare(sandbox())
    _, lines = await run(
        linux, shell("echo $$; grep -E '^Cap(Inh|Eff|Bnd|Amb)|NoNew' /proc/self/status; ls /proc | grep -c '^[0-9]'")
    )
    assert lines[0] == "1"
    assert dict(line.split(":\t") for line in lines[1:6]) == {
        "CapInh": "0" * 16,
        "CapEff": "00000000a00425fb",
        "CapBnd": "00000000a00425fb",
        "CapAmb": "0" * 16,
        "NoNewPrivs": "1",
    }
    assert int(lines[6]) <= 3


async def test_a_user_that_is_not_root_has_no_capabilities(linux):
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, shell("grep CapEff /proc/self/status", user="nobody"))
    assert lines == ["CapEff:\t" + "0" * 16]


@pytest.mark.parametrize("way", ["command", "interpreter of a script"])
async def test_the_monitors_program_can_be_executed_but_not_written(linux, way):
    await linux.runtime.prepare(sandbox())
    lines = "import os\nprint(os.statvfs('/proc/self/exe').f_flag & os.ST_RDONLY, os.access('/proc/self/exe', os.W_OK))"
    if way == "command":
        _, observed_lines = await run(linux, shell("", command=("/proc/self/exe", "-I", "-c", lines)))
    else:
        script = f"printf '#!/proc/self/exe\n%s\n' \"{lines}\" > /srv/s; chmod +x /srv/s"
        await run(linux, shell(script))
        _, observed_lines = await run(linux, shell("", command=("/srv/s",), attempt=1))
    assert observed_lines == ["1 False"]


async def test_the_host_and_other_tasks_are_out_of_reach(linux):
    secret = linux.state / "secret"
    secret.write_text("key")
    await linux.runtime.prepare(sandbox())
    attempts = {
        "state": f"ls -A {linux.state}",
        "run": "ls -A /run",
        "sysctl": "echo x > /proc/sys/kernel/core_pattern && echo written",
        "device": "mknod /tmp/disk b 8 0 && echo made",
        "mount": "mount -t tmpfs none /mnt && echo mounted",
        "sys": "mkdir /sys/fs/cgroup/x && echo made",
        "root": "ls / | grep -c old_root_of",
    }
    line = "; ".join(f'echo "{name}: $({command} 2>/dev/null)"' for name, command in attempts.items())
    _, lines = await run(linux, shell(line))
    assert lines == ["state: ", "run: ", "sysctl: ", "device: ", "mount: ", "sys: ", "root: 0"]


async def test_the_kernels_key_rings_are_closed_also_to_probes(linux):
    await linux.runtime.prepare(sandbox())
    probe = Probe(("CMD-SHELL", READ_KEY_RING), interval=1, timeout=60, retries=1)
    await linux.runtime.start(shell(f"{READ_KEY_RING}; sleep 1000", probe=probe))
    await wait_for_output(linux, "-1 EPERM")

    async def has_health():
        return (await container_state(linux.runtime)).health is not Health.UNKNOWN

    await linux.until(has_health)
    assert (await container_state(linux.runtime)).health is Health.HEALTHY


async def test_moyais_mounts_are_not_visible_in_a_container(linux):
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, shell("cut -d' ' -f2 /proc/mounts"))
    assert [line for line in lines if line.startswith(f"{linux.state}/")] == []


async def test_files_that_a_container_writes_stay_in_the_container(linux):
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, shell("echo mine > /etc/moyai-was-here && cat /etc/moyai-was-here"))
    assert lines == ["mine"]
    assert not await asyncio.to_thread(Path("/etc/moyai-was-here").exists)


async def test_a_read_only_root_cannot_be_written(linux):
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, shell("for d in /etc /tmp /srv; do touch $d/x || echo no $d; done", readonly_root=True))
    assert lines == ["no /etc", "no /tmp", "no /srv"]


async def test_names_are_the_tasks_and_unknown_names_fail_at_once(linux):
    await linux.runtime.prepare(sandbox())
    _, lines = await run(linux, shell("cat /etc/hosts /etc/hostname; getent hosts no.such.name || echo unknown"))
    assert lines == [
        "127.0.0.1 localhost",
        "172.31.0.11 ip-172-31-0-11",
        "127.255.0.1 db",
        "ip-172-31-0-11",
        "unknown",
    ]


async def test_limits_of_one_container(linux):
    await linux.runtime.prepare(sandbox())
    limits = (Ulimit("nofile", 100, 200), Ulimit("fsize", 9, -1), Ulimit("locks", 7, 8))
    _, lines = await run(
        linux, shell("grep -E 'Max (file size|open files|file locks)' /proc/self/limits", ulimits=limits)
    )
    assert [line.split()[-3:-1] for line in lines] == [["9", "unlimited"], ["100", "200"], ["7", "8"]]


async def test_exceeding_the_memory_ends_a_container_with_the_reason_of_aws(linux):
    await linux.runtime.prepare(sandbox())
    eater = shell("exec python3 -c 'x = bytearray(200 * 1024 * 1024); print(len(x))'", memory=MemoryLimits(48))
    state, _ = await run(linux, eater)
    assert (state.exit_code, state.reason) == (137, "OutOfMemoryError: Container killed due to memory usage")


async def test_usage_includes_the_memory_limit(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell(LINUX[RUNS][2], memory=MemoryLimits(64)))
    app = (await linux.runtime.usage(TASK))["app"]
    assert 0 < app.memory_bytes < app.memory_limit_bytes == 64 * 1024 * 1024


async def test_all_processes_of_a_container_end_with_the_first_one(linux):
    await linux.runtime.prepare(sandbox())
    marker = f"{os.getpid()}.25"
    await linux.runtime.start(shell(f"setsid sleep 9{marker} & trap '' TERM; echo up; while :; do sleep 0.1; done"))
    await wait_for_output(linux, "up")
    await linux.runtime.stop(TASK, "app")
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 137
    assert not await asyncio.to_thread(_running, f"9{marker}")


def _running(argument: str) -> list[Path]:
    results = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in path.read_bytes().split(b"\0"):
                results.append(path)
        except OSError:
            continue
    return results


async def test_a_hanging_probe_is_killed_with_its_children(linux):
    marker = f"8{os.getpid()}.5"
    probe = Probe(("CMD-SHELL", f"sleep {marker} & sleep {marker}"), interval=1, timeout=1, retries=1)
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell(LINUX[RUNS][2], probe=probe))

    async def unhealthy():
        return (await container_state(linux.runtime)).health is Health.UNHEALTHY

    await linux.until(unhealthy)
    await linux.runtime.stop(TASK, "app")
    await end_of(linux, TASK, "app")
    assert not await asyncio.to_thread(_running, marker)


async def test_a_probe_has_the_namespaces_and_the_user_of_the_container(linux):
    await linux.runtime.prepare(sandbox())
    probe = Probe(("CMD-SHELL", 'echo "$(id -u) $(pwd) $(hostname) $X" > /tmp/probe'), interval=1)
    line = "until [ -s /tmp/probe ]; do sleep 0.1; done; cat /tmp/probe"
    _, lines = await run(
        linux,
        shell(line, probe=probe, user="1000", working_directory="/tmp", environment={"X": "y"}),  # noqa: S108
    )
    assert lines == ["1000 /tmp ip-172-31-0-11 y"]


async def test_output_separates_streams_and_splits_long_lines(linux):
    await linux.runtime.prepare(sandbox())
    program = (
        "import sys; print('x' * 20000, flush=True); sys.stderr.write('no newline'); "
        "sys.stdout.buffer.write(b'\\xff\\n')"
    )
    await run(linux, shell("", command=("python3", "-c", program)))
    lines = [line async for line in linux.runtime.logs(TASK, "app")]
    assert sorted((line.stream, len(line.text)) for line in lines) == [
        ("stderr", 10),
        ("stdout", 1),
        ("stdout", 20000 - 16384),
        ("stdout", 16384),
    ]
    assert any(line.text == "\N{REPLACEMENT CHARACTER}" for line in lines)


async def test_output_is_bounded(linux):
    await linux.runtime.prepare(sandbox())
    program = "for n in range(30 * 1024): print(n, 'x' * 1000)"
    await run(linux, shell(f'exec python3 -c "{program}"'))
    files = await asyncio.to_thread(lambda: list((linux.state / "logs").rglob("*.log")))
    assert sorted(path.name for path in files) == ["current.log", "previous.log"]
    assert sum(path.stat().st_size for path in files) < 17 * 1024 * 1024
    assert (await output(linux))[-1].startswith(f"{30 * 1024 - 1} ")


async def test_a_monitor_is_small(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell(LINUX[RUNS][2], probe=Probe(("CMD", "true"), interval=1)))

    async def healthy():
        return (await container_state(linux.runtime)).health is Health.HEALTHY

    await linux.until(healthy)
    record = read_record(linux.state / "run/tasks" / TASK / "containers/app")
    assert record is not None
    status = await asyncio.to_thread(Path(f"/proc/{record.monitor}/status").read_text)
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident <= KEEPER_LIMIT_KIB


async def test_containers_of_a_task_share_only_its_network(linux: LinuxAdapter):
    await linux.runtime.prepare(sandbox())
    server = (
        "exec python3 -c \"import socket; s = socket.create_server(('127.0.0.1', 8080)); s.accept()[0].send(b'hi')\""
    )
    await linux.runtime.start(shell(server, name="server"))
    client = (
        "import socket, time\n"
        "while True:\n"
        "    try: print(socket.create_connection(('127.0.0.1', 8080)).recv(9).decode()); break\n"
        "    except ConnectionRefusedError: time.sleep(0.05)\n"
    )
    _, lines = await run(linux, shell("", name="client", command=("python3", "-c", client)))
    assert lines == ["hi"]
    state, _ = await end_of(linux, TASK, "server")
    assert state.phase is ContainerPhase.STOPPED
