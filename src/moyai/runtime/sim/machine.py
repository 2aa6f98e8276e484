"""Simulated sandboxes: what is in them at any instant follows from what was told and when.

Promise: no clock and no loop in here; every question is put with ``now``, and the answer for a later
``now`` is already decided. So nothing has to run for time to pass.
"""

from __future__ import annotations

from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec, SandboxSpec
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health, SandboxState, Usage
from moyai.kernel.clock import Instant, later
from moyai.runtime.sim.script import Script

SIGKILL_EXIT = 137
_MEBIBYTE = 2**20


class SimContainer:
    """One container. ``checked`` says whether it has a health of its own."""

    def __init__(self, spec: ContainerSpec | ProxySpec, script: Script, now: Instant) -> None:
        self.name = spec.name
        self.script = script
        self.started_at = now
        stands_for = spec.container if isinstance(spec, ProxySpec) else spec
        self._attempt = 0 if stands_for is None else stands_for.attempt
        self._stop_timeout = spec.stop_timeout
        self._checked = isinstance(spec, ProxySpec) or spec.probe is not None
        self._end: tuple[Instant, int] | None = None
        if script.after is not None:
            self._end = (later(now, script.after), script.exit)
        self._health: Health | None = None
        self.told_to_stop = False

    def terminate(self, now: Instant) -> None:
        """SIGTERM, and SIGKILL after the stop timeout."""
        self.told_to_stop = True
        killed = (later(now, self._stop_timeout), SIGKILL_EXIT)
        obeys = (later(now, self.script.term_after), self.script.term_exit)
        self._end_by(killed if self.script.ignore_term else min(killed, obeys))

    def gives_way_to(self, attempt: int, now: Instant) -> bool:
        """Whether it has ended and this is a later attempt."""
        return attempt > self._attempt and self.state(now).phase is ContainerPhase.STOPPED

    def die(self, now: Instant, exit_code: int) -> None:
        """The process ends now by itself."""
        self._end_by((now, exit_code))

    def turn(self, health: Health) -> None:
        """From now on the health check says this."""
        self._health = health

    def state(self, now: Instant) -> ContainerState:
        """The container as seen at ``now``."""
        ended = self._end is not None and self._end[0] <= now
        finished, code = self._end if ended and self._end is not None else (None, None)
        return ContainerState(
            name=self.name,
            phase=ContainerPhase.STOPPED if ended else ContainerPhase.RUNNING,
            started_at=self.started_at,
            finished_at=finished,
            exit_code=code,
            health=self._health_at(finished or now),
            runtime_id=f"sim-{self.name}",
            attempt=self._attempt,
        )

    def listens(self, now: Instant) -> bool:
        """Whether it has opened its ports by ``now``, as its script says; one that has ended has none."""
        running = self.state(now).phase is ContainerPhase.RUNNING
        return running and now >= later(self.started_at, self.script.listens_after)

    def usage(self, now: Instant) -> Usage:
        """What it has used until ``now``, as its script says."""
        age = now - self.started_at
        disk = round(self.script.disk * age)
        memory = round(self.script.memory * _MEBIBYTE)
        return Usage(self.script.cpu * age, memory, read_bytes=disk, written_bytes=disk)

    def network_bytes(self, now: Instant) -> int:
        """What it has received, and as much sent, until ``now``."""
        return round(self.script.network * (now - self.started_at))

    def next_change(self, now: Instant) -> Instant | None:
        """When it will next look different by itself."""
        script = self.script
        turns = [later(self.started_at, s) for s in (script.healthy_after, script.unhealthy_after) if s is not None]
        ends = [] if self._end is None else [self._end[0]]
        return min((i for i in (*turns, *ends) if i > now), default=None)

    def _end_by(self, end: tuple[Instant, int]) -> None:
        self._end = end if self._end is None else min(self._end, end)

    def _health_at(self, now: Instant) -> Health:
        if not self._checked:
            return Health.UNKNOWN
        if self._health is not None:
            return self._health
        age = now - self.started_at
        if self.script.unhealthy_after is not None and age >= self.script.unhealthy_after:
            return Health.UNHEALTHY
        return Health.HEALTHY if age >= self.script.healthy_after else Health.UNKNOWN


class SimSandbox:
    """One task's sandbox with everything that was ever started in it."""

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self.containers: dict[str, SimContainer] = {}
        self.proxy: str | None = None
        self.in_flight = 0

    def state(self, now: Instant) -> SandboxState:
        """The sandbox as seen at ``now``."""
        containers = {name: c.state(now) for name, c in self.containers.items()}
        images = {image: digest for image, digest in self.spec.images.items() if digest is not None}
        return SandboxState(self.spec.task, containers, self.spec.hosts, images)

    def listens(self, now: Instant) -> bool:
        """Whether all applications that run have opened their ports."""
        applications = [c for name, c in self.containers.items() if name != self.proxy]
        running = [c for c in applications if c.state(now).phase is ContainerPhase.RUNNING]
        return bool(running) and all(c.listens(now) for c in running)

    def next_change(self, now: Instant) -> Instant | None:
        """When any container will next look different by itself."""
        changes = (c.next_change(now) for c in self.containers.values())
        return min((c for c in changes if c is not None), default=None)
