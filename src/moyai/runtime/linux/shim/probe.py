"""The health of a container as Docker decides it, from health checks (probes) that run one after the other.

A container starts UNKNOWN. The first success makes it HEALTHY. ``retries`` failures in a row make it UNHEALTHY, but
failures before the first success don't count during the start period, in which the interval is at most START_INTERVAL
(Docker's default is 5 s; this one is shorter because somebody often waits for the start). A probe that exceeds its
timeout is killed and counts as failed.
Source: https://docs.docker.com/reference/dockerfile/#healthcheck
"""

from __future__ import annotations

import _socket
import os

from moyai.runtime.linux.shim.launch_config import LaunchConfig

START_INTERVAL = 1.0
START, KILL = "start", "kill"
_ANSWER_BYTES = 1024


class Prober:
    """Decides when to probe and what a result means. Times are monotonic seconds. It starts no process itself."""

    def __init__(self, config: LaunchConfig, started_at: float) -> None:
        self.health = "UNKNOWN"
        self._probe_is_running = False
        self._config = config
        self._started_at = started_at
        self._failures = 0
        self._probe_was_killed = False
        self._next_at = started_at + self._next_interval(started_at)

    def deadline(self) -> float | None:
        """The time of the next action: the start of a probe, or the end of its time."""
        return self._next_at if self._config.probe and not self._probe_was_killed else None

    def due(self, now: float) -> str | None:
        """The action that is due: START a probe, KILL the one that has run too long, or None."""
        if not self._config.probe or now < self._next_at or self._probe_was_killed:
            return None
        self._probe_was_killed = self._probe_is_running
        return KILL if self._probe_was_killed else START

    def record_start(self, now: float) -> None:
        """Record that a probe was started."""
        self._probe_is_running = True
        self._next_at = now + self._config.timeout

    def record_end(self, code: int, now: float) -> bool:
        """Record a probe's exit code. Returns whether the container's health has changed."""
        before = self.health
        if code == 0 and not self._probe_was_killed:
            self._failures = 0
            self.health = "HEALTHY"
        elif self.health != "UNKNOWN" or now >= self._started_at + self._config.start_period:
            self._failures += 1
            if self._failures >= self._config.retries:
                self.health = "UNHEALTHY"
        self._probe_is_running = self._probe_was_killed = False
        self._next_at = now + self._next_interval(now)
        return self.health != before

    def _next_interval(self, now: float) -> float:
        config = self._config
        if self.health == "HEALTHY":
            return config.settled_interval
        if self.health == "UNKNOWN" and now < self._started_at + config.start_period:
            return min(config.interval, START_INTERVAL)
        return config.interval


def envoy_is_ready(admin_socket: str) -> bool:
    """Whether Envoy's admin interface says LIVE. Blocks; the probe's timeout ends it."""
    try:  # through a descriptor: a socket's path may have only 107 bytes, and a link that Envoy made is not followed
        fd = os.open(admin_socket, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _is_live(_socket.AF_UNIX, f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


def envoy_is_ready_at(port: int) -> bool:
    """Whether the admin interface at a port of this network's loopback says LIVE. Blocks."""
    return _is_live(_socket.AF_INET, ("127.0.0.1", port))


def _is_live(family: int, address: str | tuple[str, int]) -> bool:
    try:
        link = _socket.socket(family, _socket.SOCK_STREAM)
        link.connect(address)
        link.send(b"GET /ready HTTP/1.1\r\nhost: moyai\r\nconnection: close\r\n\r\n")
        return link.recv(_ANSWER_BYTES).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
