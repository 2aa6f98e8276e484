"""Health as Docker decides it, from probes that are run one after the other.

A container starts UNKNOWN. The first success makes it HEALTHY; ``retries`` failures in a row make it
UNHEALTHY, except that failures before the first success don't count during the start period, in which
probes also come every START_INTERVAL seconds (Docker's own default there is five: ours is for people
who wait). A probe over its time is killed with its whole process group and has failed.
Source: https://docs.docker.com/reference/dockerfile/#healthcheck
"""

from __future__ import annotations

import _socket
import os

from moyai.runtime.linux.shim.order import Order
from moyai.runtime.linux.shim.syscalls import SIGKILL

START_INTERVAL = 1.0
_ANSWER = 1024


class Prober:
    """Decides when to probe and what the answers mean. Times are monotonic seconds; it starts no process itself."""

    def __init__(self, order: Order, started: float) -> None:
        self.health = "UNKNOWN"
        self.pid = 0
        self._order = order
        self._started = started
        self._failures = 0
        self._killed = False
        self._next = started + self._interval(started)

    def deadline(self) -> float | None:
        """When something is due next: a probe, or the end of a probe's time."""
        return self._next if self._order.probe and not self._killed else None

    def due(self, now: float) -> bool:
        """True when a probe should be started now; one that has run too long is killed."""
        if not self._order.probe or now < self._next:
            return False
        if self.pid and not self._killed:
            self._killed = True
            kill_group(self.pid)
        return not self.pid

    def started(self, pid: int, now: float) -> None:
        """This process is the probe."""
        self.pid = pid
        self._killed = False
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
        self.pid = 0
        self._killed = False
        self._next = now + self._interval(now)
        return self.health != before

    def _interval(self, now: float) -> float:
        order = self._order
        if self.health == "HEALTHY":
            return order.settled_interval
        if self.health == "UNKNOWN" and now < self._started + order.start_period:
            return min(order.interval, START_INTERVAL)
        return order.interval


def kill_group(pid: int) -> None:
    """Kill a probe and what it started."""
    for target in (-pid, pid):  # it may not lead its group yet
        try:
            os.kill(target, SIGKILL)
        except ProcessLookupError:
            continue


def envoy_is_ready(admin_socket: str) -> bool:
    """Ask Envoy's admin interface whether it is LIVE. Blocks; the prober's timeout ends it."""
    directory, name = admin_socket.rsplit("/", 1)
    fd = os.open(directory, os.O_PATH | os.O_CLOEXEC)
    try:  # through the directory's descriptor: a socket's path may have 107 bytes, a directory's may have more
        return _is_live(_socket.AF_UNIX, f"/proc/self/fd/{fd}/{name}")
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
