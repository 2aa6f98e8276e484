"""A real Envoy serves 300 tasks of a host, and gives back all that tasks which have come and gone had of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace
from pyroute2 import netns

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import InboundPort, OutboundView, Protocol, ServiceAddress, Workload
from moyai.runtime.linux.system_containers.envoy_admin import connect_to_socket, request
from moyai.xds.translate.placement import WorkloadPlace
from tests.e2e.rig_app import App
from tests.e2e.test_host_proxy import HTTP, ONE, STREAM, TIMEOUTS, Host, mesh, open_host
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

TASKS, ROUNDS, AT_ONCE = 300, 100, 10
LISTENERS_PER_TASK = 3
PRIVATE_PER_TASK = 512
"""KiB of Envoy's memory for a task that calls two services and offers one."""
GROWTH = 8 * 1024
"""KiB by which the memory may grow in the second half of the rounds: 500 tasks come and go."""
LARGEST_ANSWER = 64 * 1024 * 1024


class Task(NamedTuple):
    workload: Workload
    place: WorkloadPlace


class Holdings(NamedTuple):
    """What Envoy has open, and has configured."""

    descriptors: int
    threads: int
    listeners: int
    clusters: int


def start_tasks(names: Iterable[str]) -> Iterator[Task]:
    """New tasks, each with a namespace in which only loopback is up."""
    for name in names:
        netns.create(name)
        subprocess.run(("ip", "-n", name, "link", "set", "lo", "up"), check=True)
        workload = WorkloadId(f"task/{name}")
        calls = (ServiceAddress(*HTTP, "http"), ServiceAddress(*STREAM, "stream"))
        port = InboundPort(8080, Protocol.HTTP, TIMEOUTS, 0.25, "ingress.http")
        yield Task(
            Workload(workload, "a", 15000, 15001, (port,), OutboundView(calls)),
            WorkloadPlace(workload, f"/run/netns/{name}", name),
        )


@contextmanager
def removed_at_the_end(tasks: list[Task]) -> Iterator[list[Task]]:
    try:
        yield tasks
    finally:
        remove_namespaces(tasks)


def remove_namespaces(tasks: Iterable[Task]) -> None:
    for task in tasks:
        netns.remove(task.place.scope)


def private_memory(pid: int) -> int:
    """KiB that this process alone has."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def count_entries(directory: str) -> int:
    return len(list(Path(directory).iterdir()))


class Churn:
    """The host's Envoy with changing tasks."""

    def __init__(self, host: Host) -> None:
        self.host = host

    async def serve(self, tasks: Iterable[Task]) -> None:
        """Give Envoy these tasks beside those of the host, until it has acknowledged them."""
        listed = tuple(tasks)
        base = mesh(ONE)
        workloads = {**base.workloads, **{task.workload.id: task.workload for task in listed}}
        places = {task.workload.id: task.place for task in listed}
        await self.host.feed.publish(replace(base, workloads=workloads), {**self.host.placement, **places})
        assert (await self.host.get()).status == 200

    async def holdings(self) -> Holdings:
        ask = partial(request, partial(connect_to_socket, self.host.folder), "GET", limit=LARGEST_ANSWER)
        clusters = {line.partition(b"::")[0] for line in (await ask("/clusters")).splitlines()}
        descriptors, threads = (count_entries(f"/proc/{self.host.pid}/{kind}") for kind in ("fd", "task"))
        return Holdings(descriptors, threads, (await ask("/listeners")).count(b"\n"), len(clusters))

    async def has_only(self, expected: Holdings) -> None:
        """Wait until Envoy has nothing more than this: workers close sockets after the acknowledgement."""
        loop = asyncio.get_running_loop()

        def are_equal() -> bool:
            return asyncio.run_coroutine_threadsafe(self.holdings(), loop).result() == expected

        await asyncio.to_thread(eventually, are_equal, f"Envoy has {expected}")


@pytest.fixture
async def churn():
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:
        async with open_host(Path(folder)) as host:
            app = App("one")
            await app.start(host.namespaces[ONE], 8080, "127.0.0.1")
            yield Churn(host)
            await app.stop()


async def test_a_thousand_tasks_leave_nothing_behind(churn):
    names = (f"moyai-{os.getpid()}-churn-{number}" for number in count())

    async def start(number: int) -> list[Task]:
        return await asyncio.to_thread(lambda: list(start_tasks(islice(names, number))))

    def memory() -> int:
        return private_memory(churn.host.pid)

    await churn.serve(())
    empty, memory_before = await churn.holdings(), memory()
    with removed_at_the_end(await start(TASKS)) as tasks:
        await churn.serve(tasks)
        full, memory_by_round = await churn.holdings(), [memory()]
        assert full.listeners == empty.listeners + LISTENERS_PER_TASK * TASKS
        assert memory_by_round[0] - memory_before < PRIVATE_PER_TASK * TASKS
        for _ in range(ROUNDS):
            tasks.extend(await start(AT_ONCE))
            await churn.serve(tasks[AT_ONCE:])
            remove_namespaces(tasks[:AT_ONCE])
            del tasks[:AT_ONCE]
            memory_by_round.append(memory())
        await churn.has_only(full)
        assert memory_by_round[-1] - memory_by_round[ROUNDS // 2] < GROWTH, memory_by_round
        await churn.serve(())
        await churn.has_only(empty)
