"""Health as Docker decides it, from probes that are run one after the other.

A container starts UNKNOWN. The first success makes it HEALTHY; ``retries`` failures in a row make it
UNHEALTHY, except that failures before the first success don't count during the start period, in which
probes also come every START_INTERVAL seconds (Docker's own default there is five: ours is for people
who wait). A probe over its time is killed and has failed.
Source: https://docs.docker.com/reference/dockerfile/#healthcheck
"""

from __future__ import annotations

import _socket
import os

from moyai.runtime.linux.shim.order import Order

START_INTERVAL = 1.0
START, KILL = "start", "kill"
_ANSWER = 1024


class Prober:
    """Decides when to probe and what the answers mean. Times are monotonic seconds; it starts no process itself."""

    def __init__(self, order: Order, started: float) -> None:
        self.health = "UNKNOWN"
        self._runs = False
        self._order = order
        self._started = started
        self._failures = 0
        self._killed = False
        self._next = started + self._interval(started)

    def deadline(self) -> float | None:
        """When something is due next: a probe, or the end of a probe's time."""
        return self._next if self._order.probe and not self._killed else None

    def due(self, now: float) -> str | None:
        """What is to be done now: START a probe, or KILL the one that has run too long."""
        if not self._order.probe or now < self._next or self._killed:
            return None
        self._killed = self._runs
        return KILL if self._killed else START

    def started(self, now: float) -> None:
        """A probe was started."""
        self._runs = True
        self._next = now + self._order.timeout

    def ended(self, code: int, now: float) -> bool:
        """The probe ended. True when the container's health changed."""
        before = self.health
        if code == 0 and not self._killed:
            self._failures = 0
            self.health = "HEALTHY"
        elif self.health != "UNKNOWN" or now >= self._started + self._order.start_period:
            self._failures += 1
            if self._failures >= self._order.retries:
                self.health = "UNHEALTHY"
        self._runs = self._killed = False
        self._next = now + self._interval(now)
        return self.health != before

    def _interval(self, now: float) -> float:
        order = self._order
        if self.health == "HEALTHY":
            return order.settled_interval
        if self.health == "UNKNOWN" and now < self._started + order.start_period:
            return min(order.interval, START_INTERVAL)
        return order.interval


def envoy_is_ready(admin_socket: str) -> bool:
    """Ask Envoy's admin interface whether it is LIVE. Blocks; the prober's timeout ends it."""
    try:  # through its descriptor: a socket's path may have 107 bytes, and Envoy may not have put a link there
        fd = os.open(admin_socket, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _is_live(_socket.AF_UNIX, f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


def envoy_is_ready_at(port: int) -> bool:
    """The same at a port of this network's loopback."""
    return _is_live(_socket.AF_INET, ("127.0.0.1", port))


def _is_live(family: int, address: str | tuple[str, int]) -> bool:
    try:
        link = _socket.socket(family, _socket.SOCK_STREAM)
        link.connect(address)
        link.send(b"GET /ready HTTP/1.1\r\nhost: moyai\r\nconnection: close\r\n\r\n")
        return link.recv(_ANSWER).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
