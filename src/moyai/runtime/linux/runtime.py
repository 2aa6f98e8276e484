"""The runtime that needs no container engine: tasks as namespaces of this machine.

Promise: as ``ports/runtime.py`` says, by files and processes alone. A sandbox is a directory, a container
is a keeper (see shim/) with a record; ``observe`` reads records and ``/proc``. Nothing that is held in memory
here is needed to find a task again. Needs root; ``host.check_host`` says in time what is missing.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from socket import socket
from typing import TypeVar
from weakref import WeakValueDictionary

from moyai.domain.sandbox.fabric import Fabric
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.spec import ContainerSpec, HostName, ProxySpec, PublishedPort, SandboxSpec
from moyai.domain.sandbox.state import ContainerPhase, LogLine, NetworkUsage, SandboxState, Usage
from moyai.kernel.clock import Clock
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.runtime import CannotCreate, Endpoint, NotStopped, Output, RuntimeFault
from moyai.ports.sessions import Execution, Session
from moyai.runtime.linux import door, interpreter, logs, netns, network, proxies, sandboxes, states, traffic
from moyai.runtime.linux.cgroups import Cgroups
from moyai.runtime.linux.containers import Containers
from moyai.runtime.linux.doorbell import Doorbell
from moyai.runtime.linux.gateway import Gateway
from moyai.runtime.linux.hierarchies import Hierarchies
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.listener_watch import Found, ListenerWatch, Wanted
from moyai.runtime.linux.outside import Outside
from moyai.runtime.linux.seccomp import filters
from moyai.runtime.linux.sessions import Sessions
from moyai.runtime.linux.trust import NO_TRUST, Trust
from moyai.runtime.linux.weaver import Weaver

T = TypeVar("T")

_WORKERS = 8


class LinuxRuntime:
    """A TaskRuntime on this machine. One for each state directory, used from one event loop."""

    def __init__(
        self, state: Path, installation: str, envoy: Path, path_prefix: str, clock: Clock, trust: Trust = NO_TRUST
    ) -> None:
        """``path_prefix``: a directory that comes first in PATH on the host's image."""
        self._layout = Layout(state)
        self._clock = clock
        self._hierarchies = Hierarchies(self._layout.cgroups)
        self._cgroups = Cgroups(installation, self._hierarchies.present)
        self._containers = Containers(self._layout, self._cgroups, envoy, path_prefix, trust)
        self.images = self._containers.images
        self._bell = Doorbell(self._layout.doorbell)
        self._gateway = Gateway(self._layout, self._cgroups, envoy)
        self._network = netns.NetworkThread()
        self._listeners = ListenerWatch(self._all_listening, self._bell.ring, clock)
        self._weaver = Weaver(self._layout, self._network, Outside(self._layout, self._cgroups, clock))
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="moyai-runtime")
        self._locks: WeakValueDictionary[TaskId, asyncio.Lock] = WeakValueDictionary()
        self._gateway_lock = asyncio.Lock()
        self._sessions = Sessions(self._layout, self._work)

    # ------------------------------------------------------------------------------------------------- sandboxes

    async def prepare(self, sandbox: SandboxSpec) -> None:
        """See the port."""
        async with self._lock(sandbox.task):
            await self._open()
            if not sandboxes.is_whole(self._layout, sandbox):
                await self._make(sandbox)
        self._bell.ring(sandbox.task)

    async def _make(self, sandbox: SandboxSpec) -> None:
        making = [self._network.run(partial(sandboxes.make, self._layout, self._cgroups, sandbox))]
        if sandbox.storage_gib:
            making.append(self._work(partial(sandboxes.make_disk, self._layout, sandbox)))
        for failure in await asyncio.gather(*making, return_exceptions=True):
            if failure is not None:
                raise failure
        for holder in sandbox.holders:
            if holder == sandbox.task:
                await self._work(partial(self._containers.hold, sandbox))
                continue
            async with self._lock(holder):
                host = sandboxes.instance(self._layout, holder)
                await self._work(partial(self._containers.hold, host))
        await self._work(_translated(lambda: sandboxes.keep(self._layout, self._containers.resolved(sandbox))))

    async def name(self, task: TaskId, hosts: Sequence[HostName]) -> None:
        """See the port."""
        async with self._lock(task):
            await self._work(_translated(partial(sandboxes.name, self._layout, task, tuple(hosts))))

    async def release(self, task: TaskId) -> None:
        """See the port."""
        async with self._lock(task):
            await self._release(task)
        self._bell.ring(task)

    async def _release(self, task: TaskId) -> None:
        directory, grave, pin = self._layout.task(task), self._layout.gone / task, self._layout.task_netns(task)
        if not any(path.exists() for path in (directory, grave, pin)) and not self._cgroups.exists(task):
            return
        spec = sandboxes.begun(self._layout, task)
        await self._network.run(partial(sandboxes.shut, self._layout, spec))
        await self._work(_translated(partial(self._cgroups.kill, task)))  # a keeper can't end what is frozen
        await self._work(_translated(partial(sandboxes.bury, directory, grave)))
        await self._work(_translated(partial(self._cgroups.remove, task)))
        await self._network.run(partial(sandboxes.disconnect, self._layout, task, spec))

    async def sweep(self, keep: frozenset[TaskId]) -> None:
        """See the port."""
        await self._open()
        if failures := await self._sweep(keep):
            raise failures[0]
        if not keep:
            await self._work(self.images.forget_replaced)

    async def _sweep(self, keep: frozenset[TaskId]) -> list[BaseException]:
        """Release every sandbox but these; why some could not be."""
        going = map(self.release, sorted((self._layout.known_tasks() | self._cgroups.tasks()) - keep))
        ended = await asyncio.gather(*going, return_exceptions=True)  # where one fails the others must go all the same
        return [one for one in ended if isinstance(one, BaseException)]

    # ------------------------------------------------------------------------------------------------ containers

    async def start(self, container: ContainerSpec) -> None:
        """See the port."""
        async with self._lock(container.task):
            await self._work(_translated(partial(self._containers.start, container)))

    async def start_proxy(self, proxy: ProxySpec) -> None:
        """See the port."""
        async with self._lock(proxy.task):
            await self._work(_translated(partial(self._containers.start_proxy, proxy)))

    async def stop(self, task: TaskId, container: str) -> None:
        """See the port."""
        await self._work(_translated(partial(self._containers.stop, task, container)))

    async def execute(self, execution: Execution) -> Session:
        """See the port."""
        return await self._sessions.start(execution)

    # --------------------------------------------------------------------------------------------------- looking

    async def observe(self) -> Mapping[TaskId, SandboxState]:
        """See the port."""
        return await self._work(partial(states.observe, self._layout))

    async def inspect(self, task: TaskId) -> SandboxState | None:
        """See the port."""
        return await self._work(partial(states.inspect, self._layout, task))

    async def changes(self) -> AsyncIterator[TaskId]:
        """See the port."""
        await self._open()
        async for task in self._bell.rings():
            yield task

    async def turn_away(self, task: TaskId, ports: Sequence[int]) -> None:
        """See the port."""
        await self._network.run(partial(network.turn_away, self._layout.task_netns(task), ports))

    async def in_flight(self, task: TaskId) -> int | None:
        """See the port."""
        notes = await self._work(partial(proxies.noted, self._layout, task))
        return await door.in_flight(self._layout.proxy(task), self._layout.task_netns(task), notes, self._network)

    async def listening(self, task: TaskId, expected: Sequence[ExpectedListener]) -> frozenset[ExpectedListener]:
        """See the port."""
        found = await self._network.run(partial(sandboxes.listening, self._layout, task, expected))
        self._listeners.follow(task, expected, found)
        return found

    async def _all_listening(self, wanted: Wanted) -> Found:
        """The same of several tasks; none of a task where it can't be told."""

        def look() -> Found:
            found = {}
            for task, expected in wanted.items():
                try:
                    found[task] = sandboxes.listening(self._layout, task, expected)
                except RuntimeFault:
                    found[task] = frozenset()
            return found

        return await self._network.run(look)

    async def usage(self, task: TaskId) -> Mapping[str, Usage]:
        """See the port."""
        return states.usage(self._cgroups, await self.inspect(task))

    async def network_usage(self, task: TaskId) -> NetworkUsage | None:
        """See the port."""
        process = states.process(self._cgroups, await self.inspect(task))
        return None if process is None else traffic.network_usage(process)

    async def logs(self, task: TaskId, container: str, *, follow: bool = False) -> AsyncIterator[LogLine]:
        """See the port."""

        async def ended() -> bool:
            state = await self.inspect(task)
            seen = state.containers.get(container) if state else None
            return seen is None or seen.phase is ContainerPhase.STOPPED

        async for line in logs.read(self._layout.log(task, container), self._clock, ended if follow else None):
            yield line

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        """See the port."""
        return await asyncio.to_thread(logs.output, self._layout.log(task, container), after)

    # ---------------------------------------------------------------------------------------------------- ports

    async def publish(self, ports: Sequence[PublishedPort]) -> None:
        """See the port."""
        await self._open()
        async with self._gateway_lock:
            await self._work(_translated(partial(self._gateway.publish, ports)))

    async def shape(self, fabric: Fabric) -> None:
        """See the port."""
        await self._open()
        await self._weaver.weave(fabric)

    async def listen(self, vpc: VpcId, vpc_cidr: str, endpoint: Endpoint) -> socket | None:
        """See the port."""
        await self._open()
        pin = self._layout.router_netns(vpc)
        return await self._network.run(lambda: network.listen(pin, vpc_cidr, endpoint))

    # --------------------------------------------------------------------------------------------- begin and end

    async def _open(self) -> None:
        """Have the directories, the shared mount, the doorbell and soon the filters; cheap when they are there."""
        self._layout.make()
        netns.share(self._layout.netns)
        interpreter.pin(self._layout.run)
        self._workers.submit(filters.compile_common)
        self._bell.hang()

    async def close(self) -> None:
        """See the port."""
        await self._sessions.close()
        await self._listeners.close()
        self._bell.close()
        await asyncio.to_thread(self._workers.shutdown)
        await asyncio.to_thread(self._network.close)

    async def destroy(self) -> None:
        """See the port. Imported images stay: they were not made here."""
        if not self._layout.run.exists():
            return
        await self._open()
        failures = await self._sweep(frozenset())
        async with self._gateway_lock:
            await self._work(self._gateway.remove)
        await self._weaver.unravel()
        for pin in sorted(self._layout.netns.glob("vpc-*")):
            await self._network.run(partial(network.remove_router, pin))
        if others := [failure for failure in failures if not isinstance(failure, NotStopped)]:
            raise others[0]
        await self._work(self._cgroups.destroy)  # which knows all that isn't stopped
        await self._work(self.images.forget_replaced)
        self._hierarchies.unmount()
        netns.unshare(self._layout.netns)
        interpreter.unpin(self._layout.run)
        self._bell.close()
        self._layout.doorbell.unlink(missing_ok=True)
        for path in self._layout.fleeting:
            await self._work(partial(shutil.rmtree, path, ignore_errors=True))

    def _lock(self, task: TaskId) -> asyncio.Lock:
        """The lock of a task, which is there for as long as somebody holds it or waits for it."""
        return self._locks.setdefault(task, asyncio.Lock())

    async def _work(self, work: Callable[[], T]) -> T:
        """Do blocking work on a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, work)


def _translated(work: Callable[[], T]) -> Callable[[], T]:
    """The same work, whose OSErrors are the port's: a full disk, no more processes."""

    def translated() -> T:
        try:
            return work()
        except OSError as error:
            raise CannotCreate(str(error)) from error

    return translated
