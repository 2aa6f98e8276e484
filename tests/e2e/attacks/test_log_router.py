"""A log router can't have the application's lines sent, by the machine's root, to anything but its own socket."""

from __future__ import annotations

import os
import socket

import pytest

from moyai.domain.sandbox.spec import LogForwarding, VolumeMount
from tests.contract.runtime.adapters import TASK, sandbox
from tests.e2e.linux_tasks import end_of, shell, wait_for_output

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ATTEMPTS = {
    "a link to a socket of the machine": "ln -s $1 /var/run/fluent.sock",
    "a link up from the directory": "ln -s ../../../../../../../../../../../../..$1 /var/run/fluent.sock",
    "a link through a process of the machine": "ln -s /proc/1/root$1 /var/run/fluent.sock",
    "a FIFO, which nobody reads": "mkfifo /var/run/fluent.sock",
    "a directory": "mkdir /var/run/fluent.sock",
    "a file": "touch /var/run/fluent.sock",
}
VOLUME = VolumeMount("/var/run", "router", public=True)


@pytest.fixture
def machine_socket(tmp_path):
    """A listening socket that only the machine's root can connect to."""
    path = tmp_path / "root.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen()
    listener.setblocking(False)
    yield path, listener
    listener.close()


@pytest.mark.parametrize(
    "gib", [pytest.param(0, id="without a disk"), pytest.param(21, id="with a disk", marks=pytest.mark.heavy)]
)
@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_lines_go_to_nothing_that_a_router_puts_in_place_of_its_socket(linux, machine_socket, attempt, gib):
    path, listener = machine_socket
    await linux.runtime.prepare(sandbox(storage_gib=gib))
    command = ("sh", "-c", f"{ATTEMPTS[attempt]}; echo ready; exec sleep 600", "sh", os.fspath(path))
    await linux.runtime.start(shell("", "router", command=command, volumes=(VOLUME,)))
    await wait_for_output(linux, "ready", name="router")
    forwarding = LogForwarding("router", "router", "fluent.sock", "t", {}, 100)
    await linux.runtime.start(shell("echo POST / HTTP/1.0; exec sleep 2", log_forwarding=forwarding))
    await end_of(linux, TASK, "app")
    printed = [line.text async for line in linux.runtime.logs(TASK, "app") if line.stream == "stderr"]
    assert printed[0].startswith("moyai: 1 line not sent to the log router")
    with pytest.raises(BlockingIOError):
        listener.accept()
