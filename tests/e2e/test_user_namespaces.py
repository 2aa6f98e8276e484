"""Containers of images with a root of their own, in the user namespace of their task."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network import NoNetwork
from moyai.domain.sandbox.spec import NamespaceSharing, Probe, TmpfsMount, VolumeMount
from moyai.domain.sandbox.state import Health
from moyai.images.imports.importing import import_image
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, CannotStart
from moyai.ports.sessions import Execution, TerminalSize
from moyai.runtime.linux.launch.host_access import HostAccess
from moyai.runtime.linux.launch.monitors import MonitorRecord, read_record
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.tasks.user_ids import FIRST, first_id
from tests.contract.runtime.adapters import OTHER, TASK, LinuxAdapter, container_state, sandbox
from tests.e2e.linux_tasks import output, run, shell, wait_for_output
from tests.e2e.small_image import IMAGE, line

pytestmark = [pytest.mark.e2e, pytest.mark.root]

NS_GET_OWNER_UID = 0xB704


def first_outside(adapter: LinuxAdapter, task: TaskId = TASK) -> int:
    """The first id of a task."""
    return first_id(adapter.state / "run/tasks" / task)


def record_of(adapter: LinuxAdapter, name: str = "app", task: TaskId = TASK) -> MonitorRecord:
    """The record of a container's monitor."""
    record = read_record(adapter.state / "run/tasks" / task / "containers" / name)
    assert record is not None
    return record


def status(pid: int) -> dict[str, str]:
    """A process's status, as this machine sees it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def user_namespace(pid: int) -> int:
    """The number of a process's user namespace."""
    return Path(f"/proc/{pid}/ns/user").stat().st_ino


def id_map(pid: int, kind: str) -> list[str]:
    """The words of a process's ``uid_map`` or ``gid_map``."""
    return Path(f"/proc/{pid}/{kind}").read_text().split()


def null_device() -> tuple[int, int, int]:
    """Mode and owners of this machine's /dev/null."""
    found = Path("/dev/null").stat()
    return found.st_mode, found.st_uid, found.st_gid


async def session_output(adapter: LinuxAdapter, *words: str, user: str | None = None, terminal: bool = False) -> str:
    """The output of a command in the container ``app``."""
    size = TerminalSize(24, 80) if terminal else None
    session = await adapter.runtime.execute(Execution(TASK, "app", words, user=user, terminal=size))
    text = b""
    while (printed := await session.read()) is not None:
        text += printed.data
    await session.close()
    return text.decode()


# ------------------------------------------------------------------------------------------------------------- users


async def test_root_inside_is_an_unprivileged_user_outside(small):
    await small.runtime.start(line("id; echo ready; sleep 1000"))
    await wait_for_output(small, "ready")
    pid, first = record_of(small).init, first_outside(small)
    outside = status(pid)
    assert first >= FIRST
    assert outside["Uid"].split() == outside["Gid"].split() == [str(first)] * 4
    assert outside["Groups"].split() == [str(first)]
    assert (outside["CapPrm"], outside["CapEff"], outside["CapBnd"]) == ("00000000a00425fb",) * 3
    assert (outside["CapInh"], outside["CapAmb"], outside["Seccomp"]) == ("0" * 16, "0" * 16, "2")
    assert user_namespace(pid) != user_namespace(os.getpid())
    for kind in ("uid_map", "gid_map"):
        assert id_map(pid, kind) == ["0", str(first), "65536"]


async def test_a_user_of_the_image_has_its_groups_and_no_capabilities(small):
    await small.runtime.start(line("id; echo ready; sleep 1000", user="web"))
    await wait_for_output(small, "uid=33(web) gid=33(web) groups=33(web),44(extra)")
    outside, first = status(record_of(small).init), first_outside(small)
    assert outside["Uid"].split() == [str(first + 33)] * 4
    assert outside["Groups"].split() == [str(first + 33), str(first + 44)]
    assert (outside["CapPrm"], outside["CapEff"]) == ("0" * 16,) * 2


@pytest.mark.parametrize(
    "user",
    ["65536", pytest.param("0:65536", marks=pytest.mark.heavy), pytest.param("2147483647", marks=pytest.mark.heavy)],
)
async def test_an_id_beyond_the_namespace_is_refused_by_name(small, user):
    with pytest.raises(CannotStart, match=rf"user {user}: uids and gids must be in range 0-65535: \d+"):
        await small.runtime.start(line("true", user=user))


async def test_tasks_have_different_ids(small):
    await small.runtime.prepare(replace(sandbox(), task=OTHER, network=NoNetwork("other")))
    first, second = first_outside(small), first_outside(small, OTHER)
    assert abs(first - second) >= 65536


async def test_su_and_setuid_programs_change_the_user(small):
    _, lines = await run(
        small, line("su web -c 'id -un; setuid-id -u; id -u'; web-id -un; grep NoNewPrivs /proc/self/status")
    )
    assert lines == ["web", "0", "33", "web", "NoNewPrivs:\t0"]


async def test_no_new_privileges_as_the_definition_asks_for(small):
    container = line("setuid-id -u; grep NoNewPrivs /proc/self/status", user="web", no_new_privileges=True)
    _, lines = await run(small, container)
    assert lines == ["33", "NoNewPrivs:\t1"]


async def test_capabilities_of_files_count_within_the_bounding_set(small):
    change = "capable -c 'import os; os.setuid(0); print(os.getuid())'"
    bounded = "capable -c 'import os; os.setuid(0)' 2>&1 | grep -o 'Operation not permitted'"
    _, lines = await run(small, line(f"{change}; {bounded}", user="web"))
    assert lines == ["0"]
    capabilities = frozenset({"CHOWN"})
    _, lines = await run(small, line(bounded, "bounded", user="web", capabilities=capabilities))
    assert lines == ["Operation not permitted"]


async def test_a_setuid_program_gains_no_more_than_the_containers_root(small):
    _, lines = await run(small, line("su web -c 'setuid-id -u'; mount -t tmpfs none /tmp 2>/dev/null || echo refused"))
    assert lines == ["0", "refused"]


# ------------------------------------------------------------------------------------------------------------- files


async def test_files_have_the_owners_of_the_image(small):
    paths = "/ /etc /etc/shadow /srv/owned /bin/su /dev /dev/null /dev/fd /dev/pts /dev/shm /tmp /etc/hosts /proc/1"
    _, lines = await run(small, line(f"stat -c '%n %u:%g %a' {paths} .", working_directory="/new/work"))
    assert lines == [
        "/ 0:0 755",
        "/etc 0:0 755",
        "/etc/shadow 0:42 640",
        "/srv/owned 33:33 644",
        "/bin/su 0:0 4755",
        "/dev 0:0 755",
        "/dev/null 0:0 666",
        "/dev/fd 0:0 777",
        "/dev/pts 0:0 755",
        "/dev/shm 0:0 1777",  # noqa: S108
        "/tmp 0:0 1777",  # noqa: S108
        "/etc/hosts 0:0 644",
        "/proc/1 0:0 555",
        ". 0:0 755",
    ]


async def test_files_of_a_container_belong_to_the_tasks_host_ids(small):
    await run(small, line("echo x > /srv/new; chown web:extra /srv/new; echo x >> /srv/owned; mkdir /made"))
    upper, first = small.state / "run/tasks" / TASK / "containers/app/upper", first_outside(small)
    owners = {path.name: (path.stat().st_uid - first, path.stat().st_gid - first) for path in upper.rglob("*")}
    assert owners["new"] == (33, 44)
    assert owners["owned"] == (33, 33)
    assert owners["made"] == (0, 0)


async def test_files_of_lower_layers_are_linked_removed_and_replaced(small):
    words = """
        ln /srv/owned /srv/linked && stat -c '%h %u' /srv/linked
        rm /srv/removed && ls /srv
        rm -r /srv/replaced && mkdir /srv/replaced && echo above > /srv/replaced/upper && ls /srv/replaced
        setcap cap_net_raw+ep /usr/bin/id && getcap /usr/bin/id
        chown web /bin/ls && stat -c '%u %a' /bin/ls
    """
    _, lines = await run(small, line(words))
    assert lines == ["2 33", "linked", "owned", "replaced", "upper", "/usr/bin/id cap_net_raw=ep", "33 755"]


async def test_a_restarted_container_keeps_its_files(small):
    await run(small, line("echo x > /srv/new; chown web /srv/new"))
    _, lines = await run(small, line("stat -c %u /srv/new; echo y > /srv/more && echo ok", attempt=1))
    assert lines == ["33", "ok"]


async def test_volumes_show_the_same_owners_to_every_task(small):
    volume = VolumeMount("/data", "shared", shared=True, provision=True)
    await small.runtime.prepare(replace(sandbox(), task=OTHER, network=NoNetwork("other")))
    await run(small, line("touch /data/a; chown web:extra /data/a; stat -c %u:%g /data", volumes=(volume,)))
    words = "stat -c %u:%g /data/a /data; su web -c 'echo more >> /data/a' && echo written; touch /data/b"
    _, lines = await run(small, line(words, task=OTHER, volumes=(volume,)))
    assert lines == ["33:44", "0:0", "written"]
    _, lines = await run(small, line("stat -c %u:%g /data/b", "again", volumes=(volume,)))
    assert lines == ["0:0"]
    on_host = small.state / "volumes/shared"
    assert {path.name: path.stat().st_uid for path in on_host.iterdir()} == {"a": 33, "b": 0}


async def test_a_new_volume_has_the_owner_of_the_images_directory(small):
    volume = VolumeMount("/srv", "own")
    _, lines = await run(small, line("stat -c '%u:%g %a' /srv; touch /srv/x && echo ok", user="web", volumes=(volume,)))
    assert lines == ["33:33 755", "ok"]


async def test_files_of_an_image_with_ids_beyond_the_namespace_are_nobodys(small):
    os.chown(Path(small.runtime.images.find(IMAGE).layers[0]) / "srv", 70000, 33)
    _, lines = await run(small, line("stat -c %u:%g /srv"))
    assert lines == ["65534:33"]
    volume = VolumeMount("/srv", "own")
    _, lines = await run(small, line("stat -c %u:%g /srv; touch /srv/x && echo ok", "with-volume", volumes=(volume,)))
    assert lines == ["0:0", "ok"]


async def test_a_container_on_the_hosts_root_shares_a_volume(small):
    volume = VolumeMount("/data", "own")
    await run(small, line("touch /data/a; chown web /data/a", volumes=(volume,)))
    _, lines = await run(small, shell("stat -c %u /data/a /data; id -u", "host", volumes=(volume,)))
    assert lines == ["33", "0", "0"]
    assert status(os.getpid())["Uid"].split()[0] == "0"


async def test_directories_of_the_machine_show_their_owners(linux, small_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("host-volume")
    (folder / "file").write_text("x")
    os.chown(folder / "file", 33, 44)
    runtime = linux.runtime
    runtime._containers._access = HostAccess((folder,))  # as ``--host-volumes``
    import_image(linux.runtime.images, IMAGE, small_root)
    await runtime.prepare(sandbox())
    volume = VolumeMount("/data", host_path=str(folder))
    _, lines = await run(linux, line("stat -c %u:%g /data/file; touch /data/new; id -u", volumes=(volume,)))
    assert lines == ["33:44", "0"]
    assert (folder / "new").stat().st_uid == 0


@pytest.fixture
def unmappable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory on a file system that maps no ids: an overlay."""
    folder = tmp_path_factory.mktemp("unmappable")
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir()
    options = ",".join(f"{name}={folder}/{name.removesuffix('dir')}" for name in ("lowerdir", "upperdir", "workdir"))
    syscalls.mount("overlay", str(folder / "merged"), "overlay", 0, options)
    try:
        yield folder / "merged"
    finally:
        syscalls.umount(str(folder / "merged"))


async def test_a_volume_that_maps_no_ids_takes_the_user_namespace_and_is_logged(linux, small_root, unmappable, caplog):
    runtime = linux.runtime
    runtime._containers._access = HostAccess((unmappable,))
    import_image(linux.runtime.images, IMAGE, small_root)
    await runtime.prepare(sandbox())
    volume = VolumeMount("/data", host_path=str(unmappable / "new"))
    words = "cat /proc/self/uid_map; grep NoNewPrivs /proc/self/status; touch /data/x && echo ok"
    _, lines = await run(linux, line(words, volumes=(volume,)))
    assert [printed.split() for printed in lines] == [["0", "0", "4294967295"], ["NoNewPrivs:", "1"], ["ok"]]
    [record] = [record for record in caplog.records if "user namespace" in record.message]
    assert "runs without a user namespace, as root of this machine if its user is root" in record.message
    assert f"the file system of {unmappable}/new can't map ids" in record.message
    _, lines = await run(linux, line("cat /proc/self/uid_map", "other"))
    assert lines[0].split() == ["0", str(first_outside(linux)), "65536"]


async def test_an_image_may_have_as_many_layers_as_docker_allows(small, monkeypatch):
    image = small.runtime.images.find(IMAGE)
    layers = [small.state / f"layer-{'x' * 150}-{n}" for n in range(127 - len(image.layers))]
    for n, layer in enumerate(layers):
        layer.mkdir()
        (layer / f"file-{n}").touch()
    deep = replace(image, layers=(*map(str, layers), *image.layers))
    monkeypatch.setattr(small.runtime.images, "find", lambda *_: deep)
    _, lines = await run(small, line("ls / | grep -c file-; stat -c %u /file-0 /file-125"))
    assert lines == ["126", "0", "0"]


async def test_file_systems_in_memory_have_ids_of_the_namespace(small):
    mounts = (TmpfsMount("/plain", 1), TmpfsMount("/owned", 1, ("uid=33", "gid=44", "mode=750")))
    _, lines = await run(small, line("stat -c '%u:%g %a' /plain /owned", tmpfs=mounts))
    assert lines == ["0:0 1777", "33:44 750"]
    with pytest.raises(CannotCreate, match="uids and gids must be in range 0-65535: 65536"):
        await small.runtime.start(line("true", "other", tmpfs=(TmpfsMount("/x", 1, ("uid=65536",)),)))


async def test_a_task_with_a_disk_has_everything_on_it(linux, small_root):
    import_image(linux.runtime.images, IMAGE, small_root)
    await linux.runtime.prepare(replace(sandbox(), storage_gib=1))
    volume = VolumeMount("/data", "own")
    words = (
        "stat -c %u /data /etc/hosts /srv/owned; touch /data/x /srv/y && echo '1.2.3.4 added' >> /etc/hosts && echo ok"
    )
    _, lines = await run(linux, line(words, volumes=(volume,)))
    assert lines == ["0", "0", "33", "ok"]
    _, lines = await run(linux, line("stat -c %u /data/x; grep -c added /etc/hosts", "second", volumes=(volume,)))
    assert lines == ["0", "1"]


async def test_output_and_the_terminal_belong_to_the_user(small):
    words = "echo to stdout > /dev/stdout; echo to stderr > /dev/stderr; stat -L -c %u /proc/self/fd/1"
    _, lines = await run(small, line(words, user="web"))
    assert lines == ["to stdout", "33"]
    _, lines = await run(
        small, line("tty; stat -c %u:%g $(tty) /dev/console; echo x > /dev/tty", "tty", user="web", terminal=True)
    )
    assert [text.strip() for text in lines] == ["/dev/pts/0", "33:33", "33:33", "x"]


async def test_the_machines_null_device_is_never_a_containers(small):
    before = null_device()
    probe = Probe(("CMD-SHELL", "chmod 600 /proc/self/fd/0 /proc/self/fd/1; true"), interval=1, retries=1)
    await small.runtime.start(line("chmod 600 /proc/self/fd/0; echo ready; sleep 1000", user="web", probe=probe))
    await small.runtime.start(
        line("chmod 600 /proc/self/fd/0 && stat -c %a /dev/null; sleep 1000", "root", probe=probe)
    )
    await wait_for_output(small, "600", name="root")

    async def is_probed() -> bool:
        states = [await container_state(small.runtime, TASK, name) for name in ("app", "root")]
        return all(state.health is Health.HEALTHY for state in states)

    await small.until(is_probed)
    assert null_device() == before


# --------------------------------------------------------------------------------------------------- other processes


async def test_health_checks_and_sessions_have_the_containers_rights(small):
    probe = Probe(("CMD-SHELL", "echo $(id -u) $(grep CapEff /proc/self/status) > /srv/probe"), interval=1, retries=1)
    await small.runtime.start(
        line("while ! [ -s /srv/probe ]; do sleep 0.1; done; cat /srv/probe; sleep 1000", probe=probe)
    )
    await wait_for_output(small, "0 CapEff: 00000000a00425fb")
    printed = await session_output(
        small, "sh", "-c", "id -u; grep -E 'CapEff|CapBnd|Seccomp:' /proc/self/status; cat /proc/self/uid_map"
    )
    first = first_outside(small)
    assert printed.split() == [
        *("0", "CapEff:", "00000000a00425fb", "CapBnd:", "00000000a00425fb", "Seccomp:", "2"),
        *("0", str(first), "65536"),
    ]
    assert (await session_output(small, "id", "-u", user="web")).split() == ["33"]
    printed = await session_output(small, "sh", "-c", "stat -c %u $(tty); su web -c 'id -u'", terminal=True)
    assert printed.split() == ["0", "33"]


@pytest.mark.parametrize("init", [False, True])
async def test_signals_end_the_container(small, init):
    words = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.1; done"
    await small.runtime.start(line(words, init=init, stop_timeout=60))
    await wait_for_output(small, "ready")
    await small.runtime.stop(TASK, "app")

    async def has_stopped() -> bool:
        return (await container_state(small.runtime)).exit_code == 5

    await small.until(has_stopped)
    assert (await output(small))[-1] == "told"


async def test_containers_of_a_task_share_processes_and_memory(linux, small_root):
    import_image(linux.runtime.images, IMAGE, small_root)
    sharing = NamespaceSharing.TASK
    await linux.runtime.prepare(replace(sandbox(), processes=sharing, ipc=sharing))
    await linux.runtime.start(line("echo x > /dev/shm/file; chmod 600 /dev/shm/file; echo ready; sleep 1000", "first"))
    await wait_for_output(linux, "ready", name="first")
    pid = "for p in /proc/[0-9]*; do grep -q 'sleep.1000' $p/cmdline 2>/dev/null && echo $p; done | head -n 1"
    words = f"""
        cat /dev/shm/file; stat -c %u /dev/shm/file /dev/shm
        p=$({pid}); ls $p/root/etc >/dev/null && echo seen; kill ${{p#/proc/}} && echo killed
    """
    _, lines = await run(linux, line(words, "second", capabilities=frozenset({"KILL", "SYS_PTRACE", "DAC_OVERRIDE"})))
    assert lines == ["x", "0", "0", "seen", "killed"]


# -------------------------------------------------------------------------------------------------- begin and end


async def test_another_control_plane_goes_on_with_the_same_ids(small):
    await small.runtime.start(line("echo ready; sleep 1000"))
    await wait_for_output(small, "ready")
    first = first_outside(small)
    await small.runtime.close()
    small.runtime = small.another_runtime()
    await small.runtime.prepare(sandbox())
    await small.runtime.prepare(replace(sandbox(), task=OTHER, network=NoNetwork("other")))
    assert first_outside(small) == first != first_outside(small, OTHER)
    assert (await session_output(small, "id", "-u")).split() == ["0"]
    _, lines = await run(small, line("cat /proc/self/uid_map", "second"))
    assert lines[0].split() == ["0", str(first), "65536"]


async def test_ids_are_given_back(small):
    first = first_outside(small)
    await small.runtime.release(TASK)
    assert not list((small.state / "run/tasks").iterdir())
    assert not [*(small.state / "run/netns").glob("task-*"), *(small.state / "run/netns").glob("users-*")]
    await small.runtime.prepare(sandbox())
    assert first_outside(small) == first


@pytest.mark.parametrize("lost", ["record", "namespace"])
async def test_a_task_that_has_lost_its_user_namespace_starts_no_container_without_one(small, lost):
    if lost == "record":
        (small.state / "run/tasks" / TASK / "users").unlink()
        reason = "the record of the task's user ids is lost"
    else:
        namespaces.remove(small.state / f"run/netns/users-{TASK}")
        reason = f"No such file or directory: .*/users-{TASK}"
    with pytest.raises(CannotCreate, match=reason):
        await small.runtime.start(line("true"))


async def test_the_network_belongs_to_the_user_namespace(small):
    words = """python3 -c '
import socket
socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
socket.create_server(("", 80))
print("ok")'
"""
    _, lines = await run(small, line(words))
    assert lines == ["ok"]


async def test_root_of_the_machine_with_fewer_privileges_has_none_in_the_namespace(small):
    """A container on the host's root is this machine's user 0, and a namespace's owner has all capabilities in it."""
    tries = (
        "nft flush ruleset",
        "ip link set eth0 down",
        "ip route del default",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
    )
    words = "; ".join(f"({attempt}) 2>/dev/null && echo did" for attempt in tries)
    _, lines = await run(small, shell(f"id -u; {words}; echo end", "host"))
    assert lines == ["0", "end"]
    with (small.state / f"run/netns/users-{TASK}").open("rb") as namespace:
        owner = fcntl.ioctl(namespace, NS_GET_OWNER_UID, bytes(4))
    assert int.from_bytes(owner, sys.byteorder) == first_outside(small)


@pytest.mark.heavy
async def test_a_container_without_network_may_listen_at_any_port(small):
    words = 'python3 -c \'import socket; socket.create_server(("127.0.0.1", 80)); print("ok")\''
    _, lines = await run(small, line(words, networkless=True))
    assert lines == ["ok"]
