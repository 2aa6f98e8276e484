"""A log router gets the same from a container of moyai as from Docker's own log driver ``fluentd``.

Two kinds of lines differ on purpose: for Docker, the last one without a newline never ends, and one of exactly 16 KiB
has an empty second part.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moyai.domain.sandbox.spec import LogForwarding
from moyai.images.imports.importing import import_image
from tests.contract.runtime.adapters import TASK, sandbox
from tests.e2e.apps.router import messages
from tests.e2e.docker_engine import DockerEngine, docker_engine, is_installed
from tests.e2e.linux_tasks import run, shell
from tests.e2e.small_image import make_root

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.root,
    pytest.mark.heavy,
    pytest.mark.skipif(not is_installed() and shutil.which("apt-get") is None, reason="no Docker Engine"),
]

IMAGE = "small:1"
SCRIPTS = {
    "lines": "echo one; echo; echo three",
    "bytes that are no UTF-8": r"printf 'a\377\376b\n'",
    "a carriage return": r"printf 'a\r\n'",
    "other than ASCII": "echo 日本語",
    "standard error": "echo one >&2",
    "a line of 40 KiB": "head -c 40960 /dev/zero | tr '\\0' x; sleep 1; echo; echo next",
}
SHELL = ("sh", "-c")
DIFFERENT = {b"container_id", b"container_name", b"partial_id"}
"""Fields whose values are each container's own."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    make_root(folder)
    return folder


@pytest.fixture(scope="module")
def engine(root: Path) -> Iterator[DockerEngine]:
    assert is_installed(), "run `scripts/setup.sh --docker`, as `make nightly` does"
    with docker_engine(Path(tempfile.mkdtemp(prefix="docker-", dir="/var/tmp"))) as new_engine:
        new_engine.import_root(root, IMAGE)
        yield new_engine


class Router:
    """Takes all that one container sends to a socket."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(60)

    def receive(self) -> list[Any]:
        """The messages, once the container has ended."""
        connection, _ = self._listener.accept()
        data = b"".join(iter(lambda: connection.recv(65536), b""))
        connection.close()
        self._listener.close()
        received, rest = messages(data)
        assert rest == b""
        return [form_of(message) for message in received]


def form_of(message: list[Any]) -> list[Any]:
    """The message without what differs from container to container: types in place of values."""
    tag, time, record, option = message
    assert isinstance(time, float)
    plain = {name: type(value) if name in DIFFERENT else value for name, value in sorted(record.items())}
    return [tag, plain, option]


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_router_gets_the_same_messages(linux, root, engine, tmp_path, name):
    path = Path(tempfile.mkdtemp(prefix="forward-", dir="/var/tmp")) / "f.sock"
    dockers = Router(path)
    address = (f"--log-opt=fluentd-address=unix://{path}", "--log-opt=fluentd-sub-second-precision=true")
    options = ("--log-driver=fluentd", *address, "--log-opt=fluentd-async=true", "--log-opt=tag=app-firelens-t")
    engine.run("run", "--rm", "--detach", "--network=none", *options, IMAGE, *SHELL, SCRIPTS[name])
    expected = dockers.receive()
    shutil.rmtree(path.parent)

    import_image(linux.runtime.images, IMAGE, root)
    await linux.runtime.prepare(sandbox())
    own = Router(linux.state / "run/tasks" / TASK / "volumes/v/f.sock")
    forwarding = LogForwarding(
        "router", "v", "f.sock", "app-firelens-t", {"container_id": "", "container_name": ""}, 100
    )
    await run(linux, shell("", image=IMAGE, command=(*SHELL, SCRIPTS[name]), log_forwarding=forwarding))
    assert own.receive() == expected
