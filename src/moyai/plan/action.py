"""Plans: what to write down and what to make a runtime do, with nothing left to choose.

Promise: whoever executes a plan needs no rule of its own. A plan has at most one ``Record`` and it
comes first, so what was decided is written down before anything is done about it; every effect can
be derived again from what is written down and what is seen, so a plan that was cut short at any
point is simply planned again.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.domain.appmesh.agent import Agent
from moyai.domain.sandbox.spec import ContainerSpec, HostName, SandboxSpec
from moyai.domain.world import Change
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, TaskId


class Record(msgspec.Struct, frozen=True):
    """Change the world by these, all together."""

    changes: tuple[Change, ...]


class Prepare(msgspec.Struct, frozen=True):
    """Make a task's sandbox."""

    sandbox: SandboxSpec


class Start(msgspec.Struct, frozen=True):
    """Start a container in its sandbox."""

    container: ContainerSpec


class StartProxy(msgspec.Struct, frozen=True):
    """Start a task's proxy; its bootstrap is asked of the proxy feed."""

    task: TaskId
    proxy: ProxyId
    name: str
    stop_timeout: int = 30
    """Seconds from SIGTERM to SIGKILL."""
    log_level: str = "info"
    held_output: int = 0


class StartMeshProxy(msgspec.Struct, frozen=True):
    """Start the Envoy that stands for a container of the definition; its bootstrap is what App Mesh's agent would have
    written.
    """

    container: ContainerSpec
    agent: Agent


class Name(msgspec.Struct, frozen=True):
    """Make these, and no others that were ever told, the names that a task's containers find."""

    task: TaskId
    hosts: tuple[HostName, ...]


class TurnAway(msgspec.Struct, frozen=True):
    """Let nobody open a connection to these ports of a task any more."""

    task: TaskId
    ports: tuple[int, ...]


class Stop(msgspec.Struct, frozen=True):
    """Begin to stop a container."""

    task: TaskId
    container: str


class Release(msgspec.Struct, frozen=True):
    """Take a sandbox away with all that is left in it."""

    task: TaskId


Effect = Prepare | Start | StartProxy | StartMeshProxy | Name | TurnAway | Stop | Release
Action = Record | Effect


class Plan(msgspec.Struct, frozen=True):
    """``actions`` in order; ``wake_at`` is when to ask again though nothing may have happened."""

    actions: tuple[Action, ...] = ()
    wake_at: Instant | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that the plan writes down."""
        return tuple(c for a in self.actions if isinstance(a, Record) for c in a.changes)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All that the plan makes a runtime do."""
        return tuple(a for a in self.actions if not isinstance(a, Record))


def plan(changes: Iterable[Change] = (), effects: Iterable[Effect] = (), wake_at: Instant | None = None) -> Plan:
    """A plan of these changes, if there are any, and these effects."""
    recorded = tuple(changes)
    first: tuple[Action, ...] = (Record(recorded),) if recorded else ()
    return Plan((*first, *effects), wake_at)


def earliest(*instants: Instant | None) -> Instant | None:
    """The first of those that are set."""
    return min((i for i in instants if i is not None), default=None)
