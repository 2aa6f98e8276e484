"""Simulated sandboxes: their state at any instant follows from the calls of the port and their times.

Promise: there is no clock and no loop in here. Every question comes with ``now``, and the answer for a later ``now`` is
already decided, so nothing has to run for time to pass.
"""

from __future__ import annotations

from moyai.domain.sandbox.network import AwsvpcNetwork, NodesNetwork
from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec, SandboxSpec
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health, ProxyEndpoint, SandboxState, Usage
from moyai.kernel.clock import Instant, later
from moyai.runtime.sim.images import SimPull
from moyai.runtime.sim.script import Script

SIGKILL_EXIT = 137
_MEBIBYTE = 2**20


def attempt_of(spec: ContainerSpec | ProxySpec) -> int:
    """The number of this start of the container."""
    replaced = spec.container if isinstance(spec, ProxySpec) else None
    return (replaced or spec).attempt


class SimContainer:
    """A container whose life is decided by its script."""

    def __init__(self, spec: ContainerSpec | ProxySpec, script: Script, now: Instant) -> None:
        self.name = spec.name
        self.script = script
        self.started_at = now
        self._attempt = attempt_of(spec)
        self._stop_timeout = spec.stop_timeout
        self._has_health_check = isinstance(spec, ProxySpec) or spec.probe is not None
        self._end: tuple[Instant, int] | None = None
        if script.after is not None:
            self._end = (later(now, script.after), script.exit)
        self._health: Health | None = None
        self.is_stopping = False

    def terminate(self, now: Instant) -> None:
        """Send SIGTERM, and SIGKILL after the stop timeout."""
        self.is_stopping = True
        killed = (later(now, self._stop_timeout), SIGKILL_EXIT)
        ended = (later(now, self.script.term_after), self.script.term_exit)
        self._end_by(killed if self.script.ignore_term else min(killed, ended))

    def can_restart(self, attempt: int, now: Instant) -> bool:
        """Whether the container has ended and this is a later attempt."""
        return attempt > self._attempt and self.state(now).phase is ContainerPhase.STOPPED

    def end(self, now: Instant, exit_code: int) -> None:
        """End the process now, as if it had exited."""
        self._end_by((now, exit_code))

    def set_health(self, health: Health) -> None:
        """Let the health check give this result from now on."""
        self._health = health

    def state(self, now: Instant) -> ContainerState:
        """The state of the container at ``now``."""
        has_ended = self._end is not None and self._end[0] <= now
        finished_at, code = self._end if has_ended and self._end is not None else (None, None)
        return ContainerState(
            name=self.name,
            phase=ContainerPhase.STOPPED if has_ended else ContainerPhase.RUNNING,
            started_at=self.started_at,
            finished_at=finished_at,
            exit_code=code,
            health=self._health_at(finished_at or now),
            runtime_id=f"sim-{self.name}",
            attempt=self._attempt,
        )

    def is_listening(self, now: Instant) -> bool:
        """Whether the container runs and has opened its ports by ``now``, as its script says."""
        running = self.state(now).phase is ContainerPhase.RUNNING
        return running and now >= later(self.started_at, self.script.listens_after)

    def usage(self, now: Instant) -> Usage:
        """The resources that it has used until ``now``, as its script says."""
        age = now - self.started_at
        disk = round(self.script.disk * age)
        memory = round(self.script.memory * _MEBIBYTE)
        return Usage(self.script.cpu * age, memory, read_bytes=disk, written_bytes=disk)

    def network_bytes(self, now: Instant) -> int:
        """The bytes that it has received until ``now``; it has sent as many."""
        return round(self.script.network * (now - self.started_at))

    def next_change(self, now: Instant) -> Instant | None:
        """The time of its next change that no call causes; None if there is none."""
        script = self.script
        turns = [later(self.started_at, s) for s in (script.healthy_after, script.unhealthy_after) if s is not None]
        ends = [] if self._end is None else [self._end[0]]
        return min((i for i in (*turns, *ends) if i > now), default=None)

    def _end_by(self, end: tuple[Instant, int]) -> None:
        self._end = end if self._end is None else min(self._end, end)

    def _health_at(self, now: Instant) -> Health:
        if not self._has_health_check:
            return Health.UNKNOWN
        if self._health is not None:
            return self._health
        age = now - self.started_at
        if self.script.unhealthy_after is not None and age >= self.script.unhealthy_after:
            return Health.UNHEALTHY
        return Health.HEALTHY if age >= self.script.healthy_after else Health.UNKNOWN


class SimSandbox:
    """A sandbox with all containers that were ever started in it."""

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self.containers: dict[str, SimContainer] = {}
        self.pulls: dict[str, SimPull] = {}
        self.proxy: str | None = None
        self.in_flight = 0
        self.endpoints: tuple[ProxyEndpoint, ...] = ()

    @property
    def address(self) -> str | None:
        """The address in a VPC; None if the sandbox has none of its own."""
        return self.spec.network.address if isinstance(self.spec.network, AwsvpcNetwork) else None

    def state(self, now: Instant) -> SandboxState:
        """The state of the sandbox at ``now``."""
        containers = {name: c.state(now) for name, c in self.containers.items()}
        pulls = {name: pull.state(now) for name, pull in self.pulls.items()}
        addresses = self.spec.network.addresses if isinstance(self.spec.network, NodesNetwork) else ()
        return SandboxState(self.spec.task, containers, self.spec.hosts, pulls, addresses)

    def is_listening(self, now: Instant) -> bool:
        """Whether all running applications have opened their ports."""
        applications = [c for name, c in self.containers.items() if name != self.proxy]
        running = [c for c in applications if c.state(now).phase is ContainerPhase.RUNNING]
        return bool(running) and all(c.is_listening(now) for c in running)

    def next_change(self, now: Instant) -> Instant | None:
        """The time of the next change of any container that no call causes; None if there is none."""
        changes = (c.next_change(now) for c in self.containers.values())
        ends = (pull.ends_at for pull in self.pulls.values() if pull.ends_at > now)
        return min((c for c in (*changes, *ends) if c is not None), default=None)
