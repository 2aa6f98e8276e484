"""The observed state of sandboxes and containers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.sandbox.network import HostName, SubnetAddress
from moyai.domain.sandbox.pull import PullState
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId


class Health(StrEnum):
    """The health status of a container, a task or an instance, as in ECS."""

    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"


class ContainerPhase(StrEnum):
    """The observed status of a container."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class ContainerState(msgspec.Struct, frozen=True):
    """The current state of a container. ``exit_code``: 128+N if signal N ended it."""

    name: str
    phase: ContainerPhase
    started_at: Instant
    finished_at: Instant | None = None
    exit_code: int | None = None
    reason: str | None = None
    """Why it ended, for example ``OutOfMemoryError: Container killed due to memory usage``."""
    health: Health = Health.UNKNOWN
    runtime_id: str = ""
    attempt: int = 0
    """The number of the start, from 0."""


class SandboxState(msgspec.Struct, frozen=True):
    """The current state of a task's sandbox, which exists, with the containers in it. ``hosts``: the names in their
    hosts files; ``pulls``: the pulls of this process, by the names of their containers; ``addresses``: those of a
    NodesNetwork.
    """

    task: TaskId
    containers: Mapping[str, ContainerState] = {}
    hosts: tuple[HostName, ...] = ()
    pulls: Mapping[str, PullState] = {}
    addresses: tuple[SubnetAddress, ...] = ()
    missing_user_namespace: str | None = None
    """Why containers of images have no user namespace here, for example ``the kernel 5.4.0 is older than 5.19``; None
    where they have one.
    """


class ExpectedListener(msgspec.Struct, frozen=True, order=True):
    """A socket of the sandbox's network namespace, at any of these ports and any of these addresses.

    ``first_port`` to ``last_port``: both included. ``addresses``: IPv4 or IPv6, as a client of the application names
    them; a socket that is bound to every address of a family answers at each of that family.
    ``protocol``: ``tcp`` (the socket is in state LISTEN) or ``udp`` (it is bound and has no peer).
    """

    protocol: str
    first_port: int
    last_port: int
    addresses: tuple[str, ...]

    @property
    def label(self) -> str:
        """The port or the range with its protocol, as ECS writes them: ``8080/tcp``."""
        last = "" if self.last_port == self.first_port else f"-{self.last_port}"
        return f"{self.first_port}{last}/{self.protocol}"


class EndpointHealth(StrEnum):
    """The result of a proxy's active health check of an endpoint; without such a check an endpoint is HEALTHY."""

    PENDING = "PENDING"
    """The endpoint has not been checked yet."""
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"


WORKER_LAG = 0.5
"""The seconds by which a proxy's workers may lag behind its main thread, which acknowledges configurations and answers
questions about endpoints. Workers that get a processor lag by milliseconds only.
"""


class ProxyEndpoint(msgspec.Struct, frozen=True):
    """An endpoint of a cluster, as a running proxy has it. ``active``: requests and TCP connections in flight to it;
    ``connections``: those that the cluster has open to it, idle ones too.

    ``timed_out``: its last check got no answer in time; ``status``: the HTTP status with which it failed. ``ejected``:
    outlier detection keeps requests from it; ``requests``: all so far; ``errors``: those of them that failed.
    """

    cluster: str
    address: str
    port: int
    health: EndpointHealth = EndpointHealth.HEALTHY
    draining: bool = False
    active: int = 0
    connections: int = 0
    timed_out: bool = False
    status: int | None = None
    ejected: bool = False
    requests: int = 0
    errors: int = 0


class InboundTraffic(msgspec.Struct, frozen=True):
    """The traffic from outside a task that its proxy serves. ``requests``: requests and TCP connections in flight, and
    those that the proxy has not read yet; ``connections``: open connections, idle ones too.
    """

    requests: int = 0
    connections: int = 0


class Usage(msgspec.Struct, frozen=True):
    """The resources that a container has used so far, in bytes and seconds."""

    cpu_seconds: float
    memory_bytes: int
    memory_limit_bytes: int = 0
    read_bytes: int = 0
    """Bytes read from disks; 0 if they are not counted."""
    written_bytes: int = 0


class NetworkUsage(msgspec.Struct, frozen=True):
    """The bytes that a task's own network interfaces have transferred."""

    received: int
    sent: int


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a container's output, or a part of a long one."""

    at: Instant
    stream: str
    """``stdout`` or ``stderr``."""
    text: str
    continues: bool = False
    """Whether it continues the line before."""
