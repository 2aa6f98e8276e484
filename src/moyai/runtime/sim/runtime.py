"""The simulated runtime: the methods of the port over ``machine``, waiting on the injected clock.

Promise: it passes the same contract suite as the runtime ``linux``. Beyond the port it has methods for tests:
``end_container``, ``lose_sandbox``, ``set_health``, ``set_in_flight``, ``set_endpoints`` and ``fail_next``. There is no
network: names don't resolve, and ``listen`` returns None.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from socket import socket

from msgspec.structs import replace

from moyai.domain.sandbox.network import HostName, NodesNetwork, SubnetAddress
from moyai.domain.sandbox.network_spec import NetworkSpec, PublishedPort
from moyai.domain.sandbox.pull import ImagePull
from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec, SandboxSpec
from moyai.domain.sandbox.state import (
    ContainerPhase,
    EndpointHealth,
    ExpectedListener,
    Health,
    InboundTraffic,
    LogLine,
    NetworkUsage,
    ProxyEndpoint,
    SandboxState,
    Usage,
)
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.runtime import CannotPull, CannotStart, Endpoint, NotRunning, Output, RuntimeFault, SandboxFailed
from moyai.ports.sessions import CommandSession, Execution
from moyai.runtime.sim.images import SimImages
from moyai.runtime.sim.machine import SimContainer, SimSandbox, attempt_of
from moyai.runtime.sim.script import container_script, proxy_script
from moyai.runtime.sim.sessions import SimSession
from moyai.runtime.sim.watch import ChangeQueue

_MAX_HISTORY = 10_000


class SimRuntime:
    """A ``TaskRuntime``. ``images``: those that can be pulled; None = every image."""

    def __init__(self, clock: Clock, images: Collection[str] | None = None) -> None:
        self._clock = clock
        self.images = SimImages(images)
        self._sandboxes: dict[TaskId, SimSandbox] = {}
        self._queues: set[ChangeQueue] = set()
        self._faults: dict[tuple[TaskId | None, str], RuntimeFault] = {}
        self.history: deque[tuple[str, TaskId, str]] = deque(maxlen=_MAX_HISTORY)
        """The last calls that changed something: method, task, container."""
        self.sessions: deque[SimSession] = deque(maxlen=_MAX_HISTORY)
        """The last sessions that were started."""
        self.published: tuple[PublishedPort, ...] = ()
        self.network_spec = NetworkSpec()
        self.kept_images = frozenset[str]()

    async def prepare(self, sandbox: SandboxSpec) -> None:
        self._raise_fault("prepare", sandbox.task)
        for instance in {sandbox.instance, sandbox.host} - {None}:
            if instance not in self._sandboxes:
                raise SandboxFailed(f"the container instance {instance} is not there")
        if sandbox.task not in self._sandboxes:
            self._sandboxes[sandbox.task] = SimSandbox(sandbox)
            self._record("prepare", sandbox.task)

    async def pull(self, task: TaskId, images: Sequence[ImagePull]) -> None:
        sandbox = self._sandbox(task)
        pulls = {known.pull: known for known in sandbox.pulls.values()}
        new = [pull for pull in images if pull not in pulls]
        fault = self._take_fault("pull", task) if new else None
        if fault is not None and not isinstance(fault, CannotPull):
            raise fault
        pulls |= {pull: self.images.begin_pull(pull, self._clock.now(), fault) for pull in new}
        sandbox.pulls = {pull.container: pulls[pull] for pull in images}
        if new:
            self._record("pull", task)

    async def remove_file_system(self, file_system: str) -> bool:
        """Report whether no sandbox mounts it; there is no content."""
        sandboxes = (sandbox.spec for sandbox in self._sandboxes.values())
        return not any(mount.file_system == file_system for spec in sandboxes for mount in spec.file_systems.values())

    async def file_system_size(self, file_system: str) -> int | None:
        """0, because nothing is ever written."""
        del file_system
        return 0

    async def start(self, container: ContainerSpec) -> None:
        self._raise_fault("start", container.task)
        sandbox = self._sandbox(container.task)
        before = sandbox.containers.get(container.name)
        if before is not None and not before.can_restart(container.attempt, self._clock.now()):
            return
        self.images.find(container.image, container.digest)
        script = container_script(container)
        if script.cannot_start:
            raise CannotStart(f"{container.name}: its script says cannot_start")
        sandbox.containers[container.name] = SimContainer(container, script, self._clock.now())
        self._record("start", container.task, container.name)

    async def start_proxy(self, proxy: ProxySpec) -> None:
        self._raise_fault("start_proxy", proxy.task)
        sandbox = self._sandbox(proxy.task)
        before = sandbox.containers.get(proxy.name)
        if before is None or before.can_restart(attempt_of(proxy), self._clock.now()):
            sandbox.containers[proxy.name] = SimContainer(proxy, proxy_script(proxy), self._clock.now())
            sandbox.proxy = proxy.name
            self._record("start_proxy", proxy.task, proxy.name)

    async def set_hosts(self, task: TaskId, hosts: Sequence[HostName]) -> None:
        self._raise_fault("set_hosts", task)
        sandbox = self._sandbox(task)
        if sandbox.spec.hosts != tuple(hosts):
            sandbox.spec = replace(sandbox.spec, hosts=tuple(hosts))
            self._record("set_hosts", task)

    async def set_addresses(self, task: TaskId, addresses: Sequence[SubnetAddress]) -> None:
        self._raise_fault("set_addresses", task)
        sandbox = self._sandbox(task)
        network = sandbox.spec.network
        if not isinstance(network, NodesNetwork):
            raise SandboxFailed(f"the sandbox {task} can't have other addresses")
        if network.addresses != tuple(addresses):
            sandbox.spec = replace(sandbox.spec, network=replace(network, addresses=tuple(addresses)))
            self._record("set_addresses", task)

    async def stop(self, task: TaskId, container: str) -> None:
        self._raise_fault("stop", task)
        simulated = self._container(task, container)
        if simulated is not None and not simulated.is_stopping:
            simulated.terminate(self._clock.now())
            self._record("stop", task, container)

    async def release(self, task: TaskId) -> None:
        self._raise_fault("release", task)
        if self._sandboxes.pop(task, None) is not None:
            self._record("release", task)

    async def publish(self, ports: Sequence[PublishedPort]) -> Mapping[PublishedPort, int]:
        """Record the ports in ``published``; nothing answers at them."""
        self.published = tuple(ports)
        return {}

    async def public_port_failures(self) -> Mapping[str, str]:
        return {}

    async def apply_network(self, spec: NetworkSpec) -> None:
        """Record the specification in ``network_spec``; there is no network."""
        if (fault := self._faults.pop((None, "apply_network"), None)) is not None:
            raise fault
        self.network_spec = spec

    async def observe(self) -> Mapping[TaskId, SandboxState]:
        now = self._clock.now()
        return {task: sandbox.state(now) for task, sandbox in self._sandboxes.items()}

    async def inspect(self, task: TaskId) -> SandboxState | None:
        sandbox = self._sandboxes.get(task)
        return None if sandbox is None else sandbox.state(self._clock.now())

    async def changes(self) -> AsyncIterator[TaskId]:
        queue = ChangeQueue(self._clock, self._sandboxes)
        self._queues.add(queue)
        states: dict[TaskId, SandboxState | None] = {}
        try:
            while True:
                for task in queue.take():
                    state = self._state_and_schedule(task, queue)
                    if state != states.pop(task, None):
                        yield task
                    if state is not None:
                        states[task] = state
                await queue.wait()
        finally:
            self._queues.discard(queue)

    async def reject_new_connections(self, task: TaskId, ports: Sequence[int]) -> None:
        """Do nothing: there are no connections."""

    async def inbound_traffic(self, task: TaskId) -> InboundTraffic | None:
        """The number of requests that ``set_in_flight`` has set."""
        sandbox = self._sandboxes.get(task)
        if sandbox is None or sandbox.proxy is None:
            return None
        state = sandbox.containers[sandbox.proxy].state(self._clock.now())
        return InboundTraffic(sandbox.in_flight) if state.phase is ContainerPhase.RUNNING else None

    async def proxy_endpoints(self, task: TaskId) -> Sequence[ProxyEndpoint] | None:
        """The endpoints that ``set_endpoints`` has set. That of a sandbox is healthy while its applications listen."""
        sandbox = self._sandboxes.get(task)
        if sandbox is None or sandbox.proxy is None:
            return None
        state = sandbox.containers[sandbox.proxy].state(self._clock.now())
        if state.phase is not ContainerPhase.RUNNING:
            return None
        by_address = {s.address: s for s in self._sandboxes.values() if s.address is not None}
        return [self._with_health(endpoint, by_address.get(endpoint.address)) for endpoint in sandbox.endpoints]

    async def proxy_statistics(self, task: TaskId, pattern: str) -> Mapping[str, str] | None:
        """The statistic ``server.live`` of a proxy that runs; there are no others."""
        is_live = await self.proxy_endpoints(task) is not None
        return {name: "1" for name in ("server.live",) if re.search(pattern, name)} if is_live else None

    def _with_health(self, endpoint: ProxyEndpoint, target: SimSandbox | None) -> ProxyEndpoint:
        if target is None or target.is_listening(self._clock.now()):
            return endpoint
        return replace(endpoint, health=EndpointHealth.UNHEALTHY)

    async def open_listeners(self, task: TaskId, expected: Sequence[ExpectedListener]) -> frozenset[ExpectedListener]:
        """All expected listeners, once the applications' scripts open them."""
        sandbox = self._sandboxes.get(task)
        is_listening = sandbox is not None and sandbox.is_listening(self._clock.now())
        return frozenset(expected) if is_listening else frozenset()

    async def usage(self, task: TaskId) -> Mapping[str, Usage]:
        """The usage in the scripts."""
        now, sandbox = self._clock.now(), self._sandboxes.get(task)
        containers = () if sandbox is None else sandbox.containers.values()
        return {c.name: c.usage(now) for c in containers if c.state(now).phase is ContainerPhase.RUNNING}

    async def network_usage(self, task: TaskId) -> NetworkUsage | None:
        """The traffic in the scripts."""
        now, sandbox = self._clock.now(), self._sandboxes.get(task)
        containers = () if sandbox is None else sandbox.containers.values()
        running = [c.network_bytes(now) for c in containers if c.state(now).phase is ContainerPhase.RUNNING]
        return NetworkUsage(sum(running), sum(running)) if running else None

    async def logs(self, task: TaskId, container: str, *, follow: bool = False) -> AsyncIterator[LogLine]:
        """A line at the container's start, and one at its end."""
        sim_container = self._container(task, container)
        if sim_container is None:
            return
        yield LogLine(sim_container.started_at, "stdout", f"{container} started")
        while (state := sim_container.state(self._clock.now())).finished_at is None:
            if not follow:
                return
            await self._clock.sleep(Seconds(1.0))
        yield LogLine(state.finished_at, "stdout", f"{container} ended with {state.exit_code}")

    async def execute(self, execution: Execution) -> CommandSession:
        """Start a simulated session (see sessions.py)."""

        def is_alive() -> bool:
            simulated = self._container(execution.task, execution.container)
            return simulated is not None and simulated.state(self._clock.now()).phase is ContainerPhase.RUNNING

        self._raise_fault("execute", execution.task)
        if not is_alive():
            raise NotRunning(f"the container {execution.container} is not running")
        session = SimSession(execution, self._clock, is_alive)
        self.sessions.append(session)
        return session

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        """The lines of ``logs``; a position counts them."""
        lines = [line async for line in self.logs(task, container)]
        return Output(lines[after:], max(after, len(lines)))

    async def listen(self, vpc: VpcId, vpc_cidr: str, endpoint: Endpoint) -> socket | None:  # noqa: ARG002 (the port's)
        return None

    async def keep_images(self, digests: frozenset[str]) -> None:
        self.kept_images = digests

    async def sweep(self, keep: frozenset[TaskId]) -> None:
        for task in [t for t in self._sandboxes if t not in keep]:
            await self.release(task)

    async def close(self) -> None:
        """Do nothing: this runtime has opened nothing."""

    async def destroy(self) -> None:
        await self.sweep(frozenset())

    def end_container(self, task: TaskId, container: str, exit_code: int = 1) -> None:
        """End a container's process, as if it had exited."""
        simulated = self._container(task, container)
        if simulated is not None:
            simulated.end(self._clock.now(), exit_code)
            self._notify(task)

    def lose_sandbox(self, task: TaskId) -> None:
        """Let a sandbox vanish, as in a reboot of the host."""
        self._sandboxes.pop(task, None)
        self._notify(task)

    def set_health(self, task: TaskId, container: str, health: Health) -> None:
        """Let a container's health check give this result from now on."""
        simulated = self._container(task, container)
        if simulated is not None:
            simulated.set_health(health)
            self._notify(task)

    def set_in_flight(self, task: TaskId, in_flight: int) -> None:
        """Let the task's proxy serve that many requests."""
        self._sandbox(task).in_flight = in_flight

    def set_endpoints(self, task: TaskId, endpoints: Sequence[ProxyEndpoint]) -> None:
        """Let the sandbox's proxy have these endpoints, if there is one."""
        sandbox = self._sandboxes.get(task)
        if sandbox is not None and sandbox.endpoints != tuple(endpoints):
            sandbox.endpoints = tuple(endpoints)
            self._notify(task)

    def fail_next(self, method: str, fault: RuntimeFault, task: TaskId | None = None) -> None:
        """Let the next call of a method (for this task, or for any) raise ``fault``; the pulls of the next call of
        ``pull`` end with it, if it is CannotPull.
        """
        self._faults[task, method] = fault

    def _raise_fault(self, method: str, task: TaskId) -> None:
        if (fault := self._take_fault(method, task)) is not None:
            raise fault

    def _take_fault(self, method: str, task: TaskId) -> RuntimeFault | None:
        return self._faults.pop((task, method), None) or self._faults.pop((None, method), None)

    def _sandbox(self, task: TaskId) -> SimSandbox:
        sandbox = self._sandboxes.get(task)
        if sandbox is None:
            raise SandboxFailed(f"task {task} has no sandbox")
        return sandbox

    def _container(self, task: TaskId, name: str) -> SimContainer | None:
        sandbox = self._sandboxes.get(task)
        return None if sandbox is None else sandbox.containers.get(name)

    def _record(self, method: str, task: TaskId, container: str = "") -> None:
        self.history.append((method, task, container))
        self._notify(task)

    def _notify(self, task: TaskId) -> None:
        for queue in self._queues:
            queue.notify(task)

    def _state_and_schedule(self, task: TaskId, queue: ChangeQueue) -> SandboxState | None:
        """The state of the sandbox now. The time of its next change is added to ``queue``."""
        sandbox = self._sandboxes.get(task)
        if sandbox is None:
            return None
        now = self._clock.now()
        next_change = sandbox.next_change(now)
        if next_change is not None:
            queue.schedule(task, next_change)
        return sandbox.state(now)
