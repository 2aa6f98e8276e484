"""The linux runtime sends a container's output to the log router of its task, which runs a real forward receiver."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from moyai.domain.sandbox.spec import ContainerSpec, LogForwarding, VolumeMount
from moyai.domain.sandbox.state import ContainerPhase
from moyai.images.imports.importing import import_image
from moyai.plan.task.log_router import SOCKET_VOLUME
from moyai.plan.task.router_config import SOCKET
from moyai.runtime.linux.launch.monitors import read_record
from tests.contract.runtime.adapters import IMAGE, TASK, LinuxAdapter, container_state, sandbox
from tests.e2e import apps
from tests.e2e.linux_tasks import end_of, output, run, shell, wait_for_output
from tests.e2e.small_image import make_root

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SMALL = "example/small:1"
CONFIG = "/fluent-bit/etc/fluent-bit.conf"
INPUT = "[INPUT]\n    Name forward\n    unix_path /var/run/fluent.sock\n"
PROGRAM = (Path(apps.__path__[0]) / "router.py").read_text()


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root file system of the small image."""
    folder = tmp_path_factory.mktemp("small")
    make_root(folder)
    return folder


@pytest.fixture(params=["the machine's root", "an image", "an image, with a disk"])
async def tasks(request, linux: LinuxAdapter, root: Path) -> tuple[LinuxAdapter, str]:
    """A runtime with the sandbox of TASK, and the image of its containers."""
    image = IMAGE if request.param == "the machine's root" else SMALL
    if image == SMALL:
        import_image(linux.runtime.images, SMALL, root)
    await linux.runtime.prepare(sandbox(storage_gib=21 if "disk" in request.param else 0))
    return linux, image


def router(image: str, **rest: Any) -> ContainerSpec:
    """The log router, which prints the records that it receives."""
    fields: dict[str, Any] = {
        "image": image,
        "command": ("python3", "/router.py", CONFIG),
        "files": {"/router.py": PROGRAM, CONFIG: INPUT},
        "volumes": (VolumeMount("/var/run", SOCKET_VOLUME, public=True),),
    }
    return shell("", "router", **(fields | rest))


def routed_app(line: str, image: str, name: str = "app", limit: int = 1000, **rest: Any) -> ContainerSpec:
    """A container whose output goes to the router."""
    fields = {"container_id": "t-1", "container_name": f"/{name}"}
    forwarding = LogForwarding("router", SOCKET_VOLUME, SOCKET, f"{name}-firelens-{TASK}", fields, limit)
    return shell(line, name, image=image, log_forwarding=forwarding, **rest)


async def records(adapter: LinuxAdapter) -> list[dict[str, str]]:
    """The records that the router has received."""
    lines = await output(adapter, TASK, "router")
    return [json.loads(line) for line in lines if line.startswith("{")]


async def wait_for_lines(adapter: LinuxAdapter, expected: list[str]) -> None:
    """Wait until the router has received these lines, and no others."""

    async def are_received() -> bool:
        return len(await records(adapter)) >= len(expected)

    await adapter.until(are_received)
    assert [record["log"] for record in await records(adapter)] == expected


@pytest.mark.parametrize("user", ["", "33:33"])
async def test_each_line_arrives_with_its_stream_and_time(tasks, user):
    adapter, image = tasks
    await adapter.runtime.start(router(image, user=user or None))
    await wait_for_output(adapter, f"router of user {user.partition(':')[0] or 0}", name="router")
    state, lines = await run(adapter, routed_app("echo one; sleep 0.2; echo two >&2; exit 3", image))
    assert (state.exit_code, lines) == (3, ["one"])
    await wait_for_lines(adapter, ["one", "two"])
    first, second = await records(adapter)
    common = {"tag": f"app-firelens-{TASK}", "container_id": "t-1", "container_name": "/app"}
    assert first == common | {"source": "stdout", "log": "one", "time": first["time"]}
    assert second == common | {"source": "stderr", "log": "two", "time": second["time"]}
    assert abs(float(first["time"]) - float(state.started_at)) < 60


async def test_lines_from_before_the_router_listens_arrive(tasks):
    adapter, image = tasks
    await adapter.runtime.start(routed_app("echo early; exec sleep 600", image))
    await wait_for_output(adapter, "early")
    await adapter.runtime.start(router(image))
    await wait_for_lines(adapter, ["early"])


async def test_a_container_does_not_notice_that_its_router_is_stopped(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(router(IMAGE))
    await wait_for_output(linux, "router of user 0", name="router")
    record = read_record(linux.state / "run/tasks" / TASK / "containers/router")
    assert record is not None
    os.kill(record.init, signal.SIGSTOP)
    line = f"yes {'x' * 1000} | head -n 5000; echo end"
    await linux.runtime.start(routed_app(line, IMAGE))
    await wait_for_output(linux, "end")
    printed = [line.text async for line in linux.runtime.logs(TASK, "app")]
    assert any(line.endswith("there is no room for more until the log router takes some") for line in printed)
    os.kill(record.init, signal.SIGCONT)
    state, _ = await end_of(linux, TASK, "app")
    assert state.exit_code == 0
    printed = [line.text async for line in linux.runtime.logs(TASK, "app")]
    lost_lines = sum(int(line.split()[1]) for line in printed if line.startswith("moyai: "))

    async def are_received() -> bool:
        return len(await records(linux)) + lost_lines == 5001

    await linux.until(are_received)
    assert lost_lines > 0


async def test_a_container_ends_at_once_when_its_router_has_ended(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(shell("exit 1", "router"))
    await end_of(linux, TASK, "router")
    _, lines = await run(linux, routed_app("echo lost", IMAGE))
    assert lines == ["lost"]
    printed = [line.text async for line in linux.runtime.logs(TASK, "app") if line.stream == "stderr"]
    assert printed == [
        "moyai: 1 line not sent to the log router: the log router did not take them before the container's end"
    ]


async def test_a_router_that_starts_again_gets_the_lines_that_come_then(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start(router(IMAGE))
    await wait_for_output(linux, "router of user 0", name="router")
    waits = "echo first; until [ -e /tmp/go ]; do sleep 0.1; done; echo second; exec sleep 600"
    await linux.runtime.start(routed_app(waits, IMAGE))
    await wait_for_lines(linux, ["first"])
    await linux.runtime.stop(TASK, "router")
    await end_of(linux, TASK, "router")
    assert (await container_state(linux.runtime, TASK, "app")).phase is ContainerPhase.RUNNING
    await linux.runtime.start(router(IMAGE, attempt=1))
    await linux.runtime.start(routed_app("echo other; exec sleep 600", IMAGE, "other"))
    await wait_for_lines(linux, ["first", "other"])
