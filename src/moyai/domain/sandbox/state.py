"""What a runtime sees: sandboxes and containers as they are, never as they were ordered."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.sandbox.spec import HostName
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId


class Health(StrEnum):
    """As in ECS."""

    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"


class ContainerPhase(StrEnum):
    """What a runtime sees of a container."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class ContainerState(msgspec.Struct, frozen=True):
    """A container as it is right now. ``exit_code``: 128+N when signal N ended it."""

    name: str
    phase: ContainerPhase
    started_at: Instant
    finished_at: Instant | None = None
    exit_code: int | None = None
    reason: str | None = None
    """``OutOfMemoryError: Container killed due to memory usage`` and the like."""
    health: Health = Health.UNKNOWN
    runtime_id: str = ""
    attempt: int = 0
    """Which of its starts this is, from 0."""


class SandboxState(msgspec.Struct, frozen=True):
    """A task's sandbox as it is right now: it exists, and these containers exist in it. ``hosts``: the names that
    they find; ``images``: the digests that images had when it was made.
    """

    task: TaskId
    containers: Mapping[str, ContainerState] = {}
    hosts: tuple[HostName, ...] = ()
    images: Mapping[str, str] = {}


class Usage(msgspec.Struct, frozen=True):
    """What a container has used so far. Bytes and seconds."""

    cpu_seconds: float
    memory_bytes: int
    memory_limit_bytes: int = 0
    read_bytes: int = 0
    """From disks; 0 where nobody counts it."""
    written_bytes: int = 0


class NetworkUsage(msgspec.Struct, frozen=True):
    """What has gone through a task's own network interfaces, in bytes."""

    received: int
    sent: int


class LogLine(msgspec.Struct, frozen=True):
    """One line of a container's output."""

    at: Instant
    stream: str
    """``stdout`` or ``stderr``."""
    text: str
