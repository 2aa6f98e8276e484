"""The runtime that needs no container engine: tasks as namespaces of this machine.

Promise: it does what ``ports/runtime.py`` says, with files and processes alone. A sandbox is a directory, a container
is a container monitor (see shim/) with a record; ``observe`` reads records and ``/proc``. No task is lost when this
process ends: nothing that it holds in memory is needed to find one again. Needs root; ``host.check_host`` reports what
is missing. The methods of the port are documented there.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from socket import socket
from weakref import WeakValueDictionary

from msgspec.structs import replace

from moyai.domain.sandbox.network import HostName, SubnetAddress
from moyai.domain.sandbox.network_spec import NetworkSpec, PublishedPort
from moyai.domain.sandbox.pull import ImagePull
from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec, SandboxSpec
from moyai.domain.sandbox.state import (
    ExpectedListener,
    InboundTraffic,
    LogLine,
    NetworkUsage,
    ProxyEndpoint,
    SandboxState,
    Usage,
)
from moyai.images.puller import ImagePuller
from moyai.kernel.clock import Clock
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.runtime import Endpoint, NotStopped, Output, RuntimeFault
from moyai.ports.sessions import CommandSession, Execution
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.cgroups.hierarchies import Hierarchies
from moyai.runtime.linux.launch import interpreter
from moyai.runtime.linux.launch.host_access import NO_HOST_ACCESS, HostAccess
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.network import connection_drain, namespaces, router
from moyai.runtime.linux.network.listener_watch import ExpectedListeners, ListenerWatch, OpenListeners
from moyai.runtime.linux.network_applier import NetworkApplier
from moyai.runtime.linux.notifications import Notifier
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.seccomp import filters
from moyai.runtime.linux.system_containers.gateway_ports import NO_GATEWAY_PORTS, GatewayEntrance
from moyai.runtime.linux.system_containers.nat_egress import NatEgress
from moyai.runtime.linux.system_containers.public_gateway import PublicGateway, PublicPorts
from moyai.runtime.linux.tasks import sandboxes, states, usage
from moyai.runtime.linux.tasks.container_output import OutputReader
from moyai.runtime.linux.tasks.containers import Containers
from moyai.runtime.linux.tasks.disks import MountedDisks
from moyai.runtime.linux.tasks.exec_sessions import ExecSessions
from moyai.runtime.linux.tasks.file_systems import FileSystems
from moyai.runtime.linux.tasks.health_events import HealthEvents
from moyai.runtime.linux.tasks.images import TaskImages
from moyai.runtime.linux.tasks.running_proxies import RunningProxies
from moyai.runtime.linux.tasks.shared_usage import SharedUsage
from moyai.runtime.linux.workers import Workers


class LinuxRuntime:
    """A TaskRuntime on this machine. One for each state directory, used from one event loop."""

    def __init__(  # noqa: PLR0913, PLR0917 (each part of a runtime)
        self,
        state: Path,
        installation: str,
        envoy: Path,
        path_prefix: str,
        clock: Clock,
        puller: ImagePuller,
        access: HostAccess = NO_HOST_ACCESS,
        entrance: GatewayEntrance = NO_GATEWAY_PORTS,
    ) -> None:
        """``path_prefix``: a directory that comes first in PATH on the host's image."""
        self._paths = RuntimePaths(state)
        self._clock = clock
        self._hierarchies = Hierarchies(self._paths.cgroups)
        self._cgroups = Cgroups(installation, self._hierarchies.available)
        self._notifier = Notifier(self._paths.notifications)
        self.images = puller.store
        self._images = TaskImages(puller, self._notifier.notify)
        self._monitors = server = MonitorServer(self._paths.run)
        self._containers = Containers(self._paths, self._cgroups, self._images, envoy, path_prefix, access, server)
        self._disks = MountedDisks()
        self._network = namespaces.NetworkThread()
        self._listeners = ListenerWatch(self._read_listeners, self._notifier.notify, clock)
        share = SharedUsage(self._paths, self._cgroups, clock)
        self._proxies = RunningProxies(self._paths, self._network, HealthEvents(self._notifier.notify, clock), share)
        self._applier = NetworkApplier(self._paths, self._network, NatEgress(self._paths, self._cgroups, clock, server))
        self._workers = Workers()
        self._published = PublicPorts(PublicGateway(self._paths, self._cgroups, envoy, entrance, server), self._workers)
        self._locks: WeakValueDictionary[TaskId, asyncio.Lock] = WeakValueDictionary()
        self._file_systems = FileSystems(self._paths, self._workers.run_with_port_errors)
        self._sessions = ExecSessions(self._paths, self._workers.run)
        self._output = OutputReader(self._paths, clock, self.inspect)

    # ------------------------------------------------------------------------------------------------- sandboxes

    async def prepare(self, sandbox: SandboxSpec) -> None:
        async with self._lock(sandbox.task):
            await self._open()
            if not sandboxes.is_complete(self._paths, sandbox):
                await self._create_sandbox(sandbox)
        self._notifier.notify(sandbox.task)

    async def _create_sandbox(self, sandbox: SandboxSpec) -> None:
        await self._workers.run(partial(sandboxes.create_directory, self._paths, sandbox))
        steps = [self._network.run(partial(sandboxes.create_namespaces, self._paths, sandbox))]
        steps += map(self._workers.run, sandboxes.further_parts(self._paths, self._cgroups, self._disks, sandbox))
        if sandbox.file_systems:
            steps.append(self._file_systems.prepare(sandbox))
        for failure in await asyncio.gather(*steps, return_exceptions=True):
            if failure is not None:
                raise failure
        for holder in sandbox.holders:
            if holder == sandbox.task:
                await self._workers.run(partial(self._containers.start_pause, sandbox))
                continue
            async with self._lock(holder):
                host = sandboxes.load_instance(self._paths, holder)
                await self._workers.run(partial(self._containers.start_pause, host))
        await self._workers.run_with_port_errors(partial(sandboxes.save, self._paths, sandbox))

    async def pull(self, task: TaskId, images: Sequence[ImagePull]) -> None:
        await self._workers.run(partial(sandboxes.load_required, self._paths, task))
        self._images.begin_pulls(task, images)

    async def keep_images(self, digests: frozenset[str]) -> None:
        await self._workers.run_with_port_errors(partial(self.images.hold_only, "service-revisions", digests))

    async def remove_file_system(self, file_system: str) -> bool:
        return await self._file_systems.remove(file_system)

    async def file_system_size(self, file_system: str) -> int | None:
        return await self._file_systems.count_bytes(file_system)

    async def set_hosts(self, task: TaskId, hosts: Sequence[HostName]) -> None:
        async with self._lock(task):
            await self._workers.run_with_port_errors(partial(sandboxes.set_hosts, self._paths, task, tuple(hosts)))

    async def release(self, task: TaskId) -> None:
        self._images.end_pulls(task)
        async with self._lock(task):
            await self._workers.run(partial(self._disks.unmount, task))
            await self._release(task)
            await self._workers.run(partial(self._images.release, task))
        self._notifier.notify(task)

    async def _release(self, task: TaskId) -> None:
        directory, removing = self._paths.task(task), self._paths.removing / task
        if task not in self._paths.known_tasks() and not self._cgroups.exists(task):
            return
        spec = sandboxes.load_incomplete(self._paths, task)
        await self._network.run(partial(sandboxes.remove_forwarded_ports, self._paths, spec))
        # A monitor can't end a frozen process.
        await self._workers.run_with_port_errors(partial(self._cgroups.kill_before_removal, task))
        await self._workers.run_with_port_errors(partial(sandboxes.remove_files, directory, removing))
        await self._workers.run_with_port_errors(partial(self._cgroups.remove, task))
        await self._network.run(partial(sandboxes.disconnect_network, self._paths, task, spec))

    async def sweep(self, keep: frozenset[TaskId]) -> None:
        await self._open()
        self._workers.start(filters.compile_common)  # so that the first container does not wait for it
        if failures := await self._release_others(keep):
            raise failures[0]

    async def _release_others(self, keep: frozenset[TaskId]) -> list[BaseException]:
        """Release every sandbox but these, also when one of them fails. Returns the failures."""
        holders = await self._workers.run(self._images.holders)
        tasks = sorted((self._paths.known_tasks() | self._cgroups.tasks() | holders) - keep)
        results = await asyncio.gather(*map(self.release, tasks), return_exceptions=True)
        return [result for result in results if isinstance(result, BaseException)]

    # ------------------------------------------------------------------------------------------------ containers

    async def start(self, container: ContainerSpec) -> None:
        async with self._lock(container.task):
            await self._workers.run_with_port_errors(partial(self._containers.start, container))
        self._workers.start(partial(self._disks.unmount, container.task))

    async def start_proxy(self, proxy: ProxySpec) -> None:
        async with self._lock(proxy.task):
            await self._workers.run_with_port_errors(partial(self._containers.start_proxy, proxy))

    async def set_addresses(self, task: TaskId, addresses: Sequence[SubnetAddress]) -> None:
        async with self._lock(task):
            await self._network.run(partial(sandboxes.set_addresses, self._paths, task, tuple(addresses)))
        self._notifier.notify(task)

    async def stop(self, task: TaskId, container: str) -> None:
        await self._workers.run_with_port_errors(partial(self._containers.stop, task, container))

    async def execute(self, execution: Execution) -> CommandSession:
        return await self._sessions.start(execution)

    # ----------------------------------------------------------------------------------------------- observation

    async def observe(self) -> Mapping[TaskId, SandboxState]:
        observed = await self._workers.run(partial(states.observe, self._paths))
        return {task: replace(state, pulls=self._images.pull_states(task)) for task, state in observed.items()}

    async def inspect(self, task: TaskId) -> SandboxState | None:
        state = await self._workers.run(partial(states.inspect, self._paths, task))
        return state and replace(state, pulls=self._images.pull_states(task))

    async def changes(self) -> AsyncIterator[TaskId]:
        await self._open()
        async for task in self._notifier.notifications():
            yield task

    async def reject_new_connections(self, task: TaskId, ports: Sequence[int]) -> None:
        netns = self._paths.task_netns(task)
        await self._network.run(partial(connection_drain.reject_new_connections, netns, ports))

    async def inbound_traffic(self, task: TaskId) -> InboundTraffic | None:
        return await self._proxies.inbound_traffic(task)

    async def proxy_endpoints(self, task: TaskId) -> Sequence[ProxyEndpoint] | None:
        return await self._proxies.endpoints(task)

    async def proxy_statistics(self, task: TaskId, pattern: str) -> Mapping[str, str] | None:
        return await self._proxies.statistics(task, pattern)

    async def open_listeners(self, task: TaskId, expected: Sequence[ExpectedListener]) -> frozenset[ExpectedListener]:
        seen = await self._network.run(partial(sandboxes.open_listeners, self._paths, task, expected))
        self._listeners.watch(task, expected, seen)
        return seen

    async def _read_listeners(self, by_task: ExpectedListeners) -> OpenListeners:
        """The open listeners of several tasks; none of a task whose sockets can't be read."""

        def read(task: TaskId, listeners: Sequence[ExpectedListener]) -> frozenset[ExpectedListener]:
            try:
                return sandboxes.open_listeners(self._paths, task, listeners)
            except RuntimeFault:
                return frozenset()

        return await self._network.run(lambda: {task: read(task, listeners) for task, listeners in by_task.items()})

    async def usage(self, task: TaskId) -> Mapping[str, Usage]:
        return await self._proxies.with_share(task, usage.container_usage(self._cgroups, await self.inspect(task)))

    async def network_usage(self, task: TaskId) -> NetworkUsage | None:
        return usage.network_usage(self._cgroups, await self.inspect(task))

    async def logs(self, task: TaskId, container: str, *, follow: bool = False) -> AsyncIterator[LogLine]:
        async for line in self._output.lines(task, container, follow=follow):
            yield line

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        return await self._output.read(task, container, after)

    # ------------------------------------------------------------------------------------------------- networks

    async def publish(self, ports: Sequence[PublishedPort]) -> Mapping[PublishedPort, int]:
        await self._open()
        return await self._published.publish(ports)

    async def public_port_failures(self) -> Mapping[str, str]:
        return await self._published.failures()

    async def apply_network(self, spec: NetworkSpec) -> None:
        await self._open()
        await self._applier.apply(spec)

    async def listen(self, vpc: VpcId, vpc_cidr: str, endpoint: Endpoint) -> socket | None:
        await self._open()
        netns = self._paths.router_netns(vpc)
        return await self._network.run(lambda: router.listen(netns, vpc_cidr, endpoint))

    # --------------------------------------------------------------------------------------------- begin and end

    async def _open(self) -> None:
        """Make the directories, the mounts and the notification socket, if they are missing."""
        self._paths.create_directories()
        namespaces.share_mounts(self._paths.netns)
        interpreter.mount_interpreter(self._paths.run)
        self._notifier.open()

    async def close(self) -> None:
        await self._sessions.close()
        await self._images.close()
        await self._listeners.close()
        await self._proxies.close()
        self._notifier.close()
        await self._workers.close()
        await asyncio.to_thread(self._disks.close)  # work that ran until now may have mounted another disk
        await asyncio.to_thread(self._monitors.close)
        await asyncio.to_thread(self._network.close)

    async def destroy(self) -> None:
        """Stop and remove all sandboxes. Imported images and shared volumes stay."""
        if not self._paths.run.exists():
            return
        await self._open()
        failures = await self._release_others(frozenset())
        await self._published.remove()
        await self._applier.teardown()
        for netns in sorted(self._paths.netns.glob("vpc-*")):
            await self._network.run(partial(router.remove_router, netns))
        if others := [failure for failure in failures if not isinstance(failure, NotStopped)]:
            raise others[0]
        await self._workers.run(self._cgroups.destroy)  # raises NotStopped for all processes that are left
        await self._workers.run(self._monitors.close)
        self._hierarchies.unmount()
        namespaces.unshare_mounts(self._paths.netns)
        interpreter.unmount_interpreter(self._paths.run)
        self._notifier.close()
        self._paths.notifications.unlink(missing_ok=True)
        for path in self._paths.transient:
            await self._workers.run(partial(shutil.rmtree, path, ignore_errors=True))

    def _lock(self, task: TaskId) -> asyncio.Lock:
        """The lock of a task, which exists for as long as a coroutine holds it or waits for it."""
        return self._locks.setdefault(task, asyncio.Lock())
