"""The simulated runtime: the port's verbs over ``machine``, waiting on the injected clock.

Promise: the same contract suite as the runtimes that run something. Beyond the port there are verbs
with which a test plays fate: ``die``, ``lose``, ``turn``, ``load``, ``retag``, ``fail``.
Refuses: listening sockets (there is no network), so ``listen`` answers None.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from hashlib import sha256
from socket import socket

from msgspec.structs import replace

from moyai.domain.sandbox.fabric import Fabric
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.spec import ContainerSpec, HostName, ProxySpec, PublishedPort, SandboxSpec
from moyai.domain.sandbox.state import ContainerPhase, Health, LogLine, NetworkUsage, SandboxState, Usage
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import TaskId, VpcId
from moyai.ports.runtime import CannotStart, Endpoint, ImageNotFound, NotRunning, Output, RuntimeFault, SandboxFailed
from moyai.ports.sessions import Execution, Session
from moyai.runtime.sim.machine import SimContainer, SimSandbox
from moyai.runtime.sim.script import script_of, script_of_proxy
from moyai.runtime.sim.sessions import SimSession
from moyai.runtime.sim.watch import Watch

_REMEMBERED = 10_000


class SimRuntime:
    """A ``TaskRuntime``. ``images`` None = every image is at hand."""

    def __init__(self, clock: Clock, images: Collection[str] | None = None) -> None:
        self._clock = clock
        self._images = images
        self._sandboxes: dict[TaskId, SimSandbox] = {}
        self._watches: set[Watch] = set()
        self._faults: dict[tuple[TaskId | None, str], RuntimeFault] = {}
        self._tagged: dict[str, int] = {}
        self._digests: set[str] = set()
        self.told: deque[tuple[str, TaskId, str]] = deque(maxlen=_REMEMBERED)
        """The last verbs that changed something: verb, task, container."""
        self.executed: deque[SimSession] = deque(maxlen=_REMEMBERED)
        """The sessions there were."""
        self.published: tuple[PublishedPort, ...] = ()
        self.fabric = Fabric()

    async def prepare(self, sandbox: SandboxSpec) -> None:
        """See ``TaskRuntime.prepare``."""
        self._check("prepare", sandbox.task)
        for instance in {sandbox.instance, sandbox.host} - {None}:
            if instance not in self._sandboxes:
                raise SandboxFailed(f"the container instance {instance} is not there")
        if sandbox.task not in self._sandboxes:
            images = {image: self.digest(image) for image in sandbox.images}
            self._sandboxes[sandbox.task] = SimSandbox(replace(sandbox, images=images))
            self._changed("prepare", sandbox.task)

    async def start(self, container: ContainerSpec) -> None:
        """See ``TaskRuntime.start``."""
        self._check("start", container.task)
        sandbox = self._sandbox(container.task)
        before = sandbox.containers.get(container.name)
        if before is not None and not before.gives_way_to(container.attempt, self._clock.now()):
            return
        if self._images is not None and container.image not in self._images:
            raise ImageNotFound(f"{container.image}: no such image here; the sim runtime knows {sorted(self._images)}")
        if container.digest is not None and container.digest not in self._digests:
            raise ImageNotFound(f"image {container.image}@{container.digest} is not here any more")
        script = script_of(container)
        if script.cannot_start:
            raise CannotStart(f"{container.name}: its script says cannot_start")
        sandbox.containers[container.name] = SimContainer(container, script, self._clock.now())
        self._changed("start", container.task, container.name)

    async def start_proxy(self, proxy: ProxySpec) -> None:
        """See ``TaskRuntime.start_proxy``."""
        self._check("start_proxy", proxy.task)
        sandbox = self._sandbox(proxy.task)
        before = sandbox.containers.get(proxy.name)
        attempt = 0 if proxy.container is None else proxy.container.attempt
        if before is None or before.gives_way_to(attempt, self._clock.now()):
            sandbox.containers[proxy.name] = SimContainer(proxy, script_of_proxy(proxy), self._clock.now())
            sandbox.proxy = proxy.name
            self._changed("start_proxy", proxy.task, proxy.name)

    async def name(self, task: TaskId, hosts: Sequence[HostName]) -> None:
        """See ``TaskRuntime.name``."""
        self._check("name", task)
        sandbox = self._sandbox(task)
        if sandbox.spec.hosts != tuple(hosts):
            sandbox.spec = replace(sandbox.spec, hosts=tuple(hosts))
            self._changed("name", task)

    async def stop(self, task: TaskId, container: str) -> None:
        """See ``TaskRuntime.stop``."""
        self._check("stop", task)
        found = self._container(task, container)
        if found is not None and not found.told_to_stop:
            found.terminate(self._clock.now())
            self._changed("stop", task, container)

    async def release(self, task: TaskId) -> None:
        """See ``TaskRuntime.release``."""
        self._check("release", task)
        if self._sandboxes.pop(task, None) is not None:
            self._changed("release", task)

    async def publish(self, ports: Sequence[PublishedPort]) -> None:
        """See ``TaskRuntime.publish``; nothing answers, but ``published`` shows it."""
        self.published = tuple(ports)

    async def shape(self, fabric: Fabric) -> None:
        """See ``TaskRuntime.shape``; there is no network, but ``fabric`` shows it."""
        self.fabric = fabric

    async def observe(self) -> Mapping[TaskId, SandboxState]:
        """See ``TaskRuntime.observe``."""
        now = self._clock.now()
        return {task: sandbox.state(now) for task, sandbox in self._sandboxes.items()}

    async def inspect(self, task: TaskId) -> SandboxState | None:
        """See ``TaskRuntime.inspect``."""
        sandbox = self._sandboxes.get(task)
        return None if sandbox is None else sandbox.state(self._clock.now())

    async def changes(self) -> AsyncIterator[TaskId]:
        """See ``TaskRuntime.changes``."""
        watch = Watch(self._clock, self._sandboxes)
        self._watches.add(watch)
        known: dict[TaskId, SandboxState | None] = {}
        try:
            while True:
                for task in watch.take():
                    seen = self._look(task, watch)
                    if seen != known.pop(task, None):
                        yield task
                    if seen is not None:
                        known[task] = seen
                await watch.wait()
        finally:
            self._watches.discard(watch)

    async def turn_away(self, task: TaskId, ports: Sequence[int]) -> None:
        """See ``TaskRuntime.turn_away``; nobody calls."""

    async def in_flight(self, task: TaskId) -> int | None:
        """See ``TaskRuntime.in_flight``; what ``load`` said."""
        sandbox = self._sandboxes.get(task)
        if sandbox is None or sandbox.proxy is None:
            return None
        state = sandbox.containers[sandbox.proxy].state(self._clock.now())
        return sandbox.in_flight if state.phase is ContainerPhase.RUNNING else None

    async def listening(self, task: TaskId, expected: Sequence[ExpectedListener]) -> frozenset[ExpectedListener]:
        """See ``TaskRuntime.listening``; all of them, as soon as the applications' scripts say so."""
        sandbox = self._sandboxes.get(task)
        listens = sandbox is not None and sandbox.listens(self._clock.now())
        return frozenset(expected) if listens else frozenset()

    async def usage(self, task: TaskId) -> Mapping[str, Usage]:
        """See ``TaskRuntime.usage``; what the scripts say."""
        now, sandbox = self._clock.now(), self._sandboxes.get(task)
        containers = () if sandbox is None else sandbox.containers.values()
        return {c.name: c.usage(now) for c in containers if c.state(now).phase is ContainerPhase.RUNNING}

    async def network_usage(self, task: TaskId) -> NetworkUsage | None:
        """See ``TaskRuntime.network_usage``; what the scripts say."""
        now, sandbox = self._clock.now(), self._sandboxes.get(task)
        containers = () if sandbox is None else sandbox.containers.values()
        running = [c.network_bytes(now) for c in containers if c.state(now).phase is ContainerPhase.RUNNING]
        return NetworkUsage(sum(running), sum(running)) if running else None

    async def logs(self, task: TaskId, container: str, *, follow: bool = False) -> AsyncIterator[LogLine]:
        """See ``TaskRuntime.logs``: one line when it starts, one when it ends."""
        found = self._container(task, container)
        if found is None:
            return
        yield LogLine(found.started_at, "stdout", f"{container} started")
        while (state := found.state(self._clock.now())).finished_at is None:
            if not follow:
                return
            await self._clock.sleep(Seconds(1.0))
        yield LogLine(state.finished_at, "stdout", f"{container} ended with {state.exit_code}")

    async def execute(self, execution: Execution) -> Session:
        """See ``TaskRuntime.execute``; the package says what a session does."""

        def alive() -> bool:
            found = self._container(execution.task, execution.container)
            return found is not None and found.state(self._clock.now()).phase is ContainerPhase.RUNNING

        self._check("execute", execution.task)
        if not alive():
            raise NotRunning(f"the container {execution.container} is not running")
        session = SimSession(execution, self._clock, alive)
        self.executed.append(session)
        return session

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        """See ``TaskRuntime.output``; a position counts lines."""
        lines = [line async for line in self.logs(task, container)]
        return Output(lines[after:], max(after, len(lines)))

    async def listen(self, vpc: VpcId, vpc_cidr: str, endpoint: Endpoint) -> socket | None:  # noqa: ARG002 (the port's)
        """See ``TaskRuntime.listen``: there is no network."""
        return None

    async def sweep(self, keep: frozenset[TaskId]) -> None:
        """See ``TaskRuntime.sweep``."""
        for task in [t for t in self._sandboxes if t not in keep]:
            await self.release(task)

    async def close(self) -> None:
        """See ``TaskRuntime.close``."""

    async def destroy(self) -> None:
        """See ``TaskRuntime.destroy``."""
        await self.sweep(frozenset())

    def digest(self, image: str) -> str | None:
        """What an image's name stands for; None when there is none."""
        if self._images is not None and image not in self._images:
            return None
        digest = f"sha256:{sha256(f'{image} {self._tagged.get(image, 0)}'.encode()).hexdigest()}"
        self._digests.add(digest)
        return digest

    def retag(self, image: str) -> None:
        """The name stands for another image from now on."""
        self._tagged[image] = self._tagged.get(image, 0) + 1

    def die(self, task: TaskId, container: str, exit_code: int = 1) -> None:
        """A container's process ends by itself."""
        found = self._container(task, container)
        if found is not None:
            found.die(self._clock.now(), exit_code)
            self._ring(task)

    def lose(self, task: TaskId) -> None:
        """The sandbox vanishes, as in a reboot of the host."""
        self._sandboxes.pop(task, None)
        self._ring(task)

    def turn(self, task: TaskId, container: str, health: Health) -> None:
        """A container's health check says this from now on."""
        found = self._container(task, container)
        if found is not None:
            found.turn(health)
            self._ring(task)

    def load(self, task: TaskId, in_flight: int) -> None:
        """The task's proxy serves that many requests."""
        self._sandbox(task).in_flight = in_flight

    def fail(self, verb: str, fault: RuntimeFault, task: TaskId | None = None) -> None:
        """The next ``verb`` (for this task, or for any) raises ``fault``."""
        self._faults[task, verb] = fault

    def _check(self, verb: str, task: TaskId) -> None:
        fault = self._faults.pop((task, verb), None) or self._faults.pop((None, verb), None)
        if fault is not None:
            raise fault

    def _sandbox(self, task: TaskId) -> SimSandbox:
        sandbox = self._sandboxes.get(task)
        if sandbox is None:
            raise SandboxFailed(f"task {task} has no sandbox")
        return sandbox

    def _container(self, task: TaskId, name: str) -> SimContainer | None:
        sandbox = self._sandboxes.get(task)
        return None if sandbox is None else sandbox.containers.get(name)

    def _changed(self, verb: str, task: TaskId, container: str = "") -> None:
        self.told.append((verb, task, container))
        self._ring(task)

    def _ring(self, task: TaskId) -> None:
        for watch in self._watches:
            watch.ring(task)

    def _look(self, task: TaskId, watch: Watch) -> SandboxState | None:
        """The sandbox as it is now; ``watch`` is told when it will look different by itself."""
        sandbox = self._sandboxes.get(task)
        if sandbox is None:
            return None
        now = self._clock.now()
        following = sandbox.next_change(now)
        if following is not None:
            watch.expect(task, following)
        return sandbox.state(now)
