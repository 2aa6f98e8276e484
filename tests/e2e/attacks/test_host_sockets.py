"""A Unix socket of the machine in a host volume gives a container no access to the process behind it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moyai.domain.sandbox.linux import DEFAULT_CAPABILITIES
from moyai.domain.sandbox.spec import VolumeMount
from tests.contract.runtime.adapters import sandbox
from tests.e2e.linux_tasks import run, shell
from tests.e2e.test_container_settings import trusting

pytestmark = [pytest.mark.e2e, pytest.mark.root]

DAEMON = """
import ctypes, os, socket, sys
root = os.open("/", os.O_RDONLY)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
os.setgid(4242), os.setuid(int(sys.argv[2]))
ctypes.CDLL(None).prctl(4, 1)  # dumpable, as one that was started by this user
listener.listen()
print("ready", flush=True)
while True:
    listener.accept()
"""
"""Its descriptor 3 is the machine's root."""
CLIENT = """
import ctypes, os, socket, struct, sys
os.setgid(4242), os.setuid(int(sys.argv[2]))
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
SO_PEERPIDFD, PIDFD_GETFD = 77, 438
try:
    (pidfd,) = struct.unpack("i", link.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD, 4))
except OSError as error:
    print("no pidfd:", error.strerror)
    raise SystemExit
libc = ctypes.CDLL(None, use_errno=True)
stolen = [fd for number in range(20) if (fd := libc.syscall(PIDFD_GETFD, pidfd, number, 0)) >= 0]
print("stolen:", [os.readlink(f"/proc/self/fd/{fd}") for fd in stolen])
"""


@pytest.fixture(params=["0", "4242"])
def user(request):
    """The user of the process."""
    return request.param


@pytest.fixture
def daemon(tmp_path, user):
    """The directory with the socket of a process of the machine."""
    tmp_path.chmod(0o755)
    words = [sys.executable, "-c", DAEMON, str(tmp_path / "daemon.sock"), user]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield tmp_path
        process.terminate()


@pytest.mark.parametrize("added", [set(), {"SYS_PTRACE"}])
async def test_a_container_cannot_steal_open_files_of_a_host_process(linux, daemon, added, user):
    await trusting(linux, daemon)
    await linux.runtime.prepare(sandbox())
    container = shell(
        "",
        command=("python3", "-c", CLIENT, "/mnt/daemon.sock", user),
        capabilities=DEFAULT_CAPABILITIES | added,
        volumes=(VolumeMount("/mnt", "host", host_path=str(daemon)),),
    )
    state, lines = await run(linux, container)
    assert state.exit_code == 0
    assert lines == ["stolen: []"] or lines[0].startswith("no pidfd")
