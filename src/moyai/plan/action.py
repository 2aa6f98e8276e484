"""Plans: which records to change and what the runtime has to do, with nothing left to decide.

Promise: the code that executes a plan needs no rule of its own. A plan has at most one ``RecordChanges``, and it comes
first, so that a decision is recorded before it is carried out. Every effect can be derived again from the records and
the observed state, so that an interrupted plan is simply planned again.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.domain.appmesh.agent_settings import Agent
from moyai.domain.sandbox.network import HostName, SubnetAddress
from moyai.domain.sandbox.pull import ImagePull
from moyai.domain.sandbox.spec import ContainerSpec, SandboxSpec
from moyai.domain.world import Change
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, TaskId


class RecordChanges(msgspec.Struct, frozen=True):
    """Apply these changes to the world, all together."""

    changes: tuple[Change, ...]


class PrepareSandbox(msgspec.Struct, frozen=True):
    """Make the sandbox of a task, a container instance or a front proxy."""

    sandbox: SandboxSpec


class SetAddresses(msgspec.Struct, frozen=True):
    """Give a front proxy exactly these addresses."""

    task: TaskId
    addresses: tuple[SubnetAddress, ...]


class PullImages(msgspec.Struct, frozen=True):
    """Begin or continue to pull the images of a task."""

    task: TaskId
    images: tuple[ImagePull, ...]


class StartContainer(msgspec.Struct, frozen=True):
    """Start a container in its sandbox."""

    container: ContainerSpec


class StartProxy(msgspec.Struct, frozen=True):
    """Start a proxy of Service Connect or a front proxy, with the bootstrap that the proxy feed has for it."""

    task: TaskId
    proxy: ProxyId
    name: str
    stop_timeout: int = 30
    """Seconds from SIGTERM to SIGKILL."""
    log_level: str = "info"
    held_output: int = 0
    concurrency: int = 1
    """Worker threads."""
    flush_interval: int = 1000
    """The same as in ProxySpec."""
    attempt: int = 0
    """The same as in ProxySpec."""
    serves_host: bool = False
    """The same as in ProxySpec."""


class StartMeshProxy(msgspec.Struct, frozen=True):
    """Start the Envoy that the definition's App Mesh container describes, with the bootstrap of App Mesh's agent."""

    container: ContainerSpec
    agent: Agent


class WriteHosts(msgspec.Struct, frozen=True):
    """Write the hosts file of a task's containers, which then has exactly these hosts."""

    task: TaskId
    hosts: tuple[HostName, ...]


class RejectNewConnections(msgspec.Struct, frozen=True):
    """Reject new connections to these ports of a task."""

    task: TaskId
    ports: tuple[int, ...]


class StopContainer(msgspec.Struct, frozen=True):
    """Send SIGTERM to a container, and SIGKILL after its stop time-out."""

    task: TaskId
    container: str


class ReleaseSandbox(msgspec.Struct, frozen=True):
    """Remove a sandbox with everything in it."""

    task: TaskId


Effect = (
    PrepareSandbox
    | SetAddresses
    | PullImages
    | StartContainer
    | StartProxy
    | StartMeshProxy
    | WriteHosts
    | RejectNewConnections
    | StopContainer
    | ReleaseSandbox
)
Action = RecordChanges | Effect


class Plan(msgspec.Struct, frozen=True):
    """``actions`` in order. ``wake_at`` is when to plan again though nothing may have happened."""

    actions: tuple[Action, ...] = ()
    wake_at: Instant | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of records in the plan."""
        return tuple(c for a in self.actions if isinstance(a, RecordChanges) for c in a.changes)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All actions of the plan for the runtime."""
        return tuple(a for a in self.actions if not isinstance(a, RecordChanges))


def plan(changes: Iterable[Change] = (), effects: Iterable[Effect] = (), wake_at: Instant | None = None) -> Plan:
    """A plan of these changes, if there are any, and these effects."""
    recorded = tuple(changes)
    first: tuple[Action, ...] = (RecordChanges(recorded),) if recorded else ()
    return Plan((*first, *effects), wake_at)


def earliest(*instants: Instant | None) -> Instant | None:
    """The earliest of the instants that are set."""
    return min((i for i in instants if i is not None), default=None)
