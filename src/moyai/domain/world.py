"""The world: every record of what users requested and what moyai decided; beside it, the observed state.

``World`` has every record; it is durable and has one owner, the store, and all other code only reads it. ``Observed``
is what the reconciler saw a moment ago; it is not stored, because it can be observed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from moyai.domain.defaults import KEY, Defaults
from moyai.domain.record import StoredRecord
from moyai.domain.sandbox.state import ExpectedListener, ProxyEndpoint, SandboxState
from moyai.domain.sts.session import KEY as SESSION_KEY
from moyai.domain.sts.session import SessionRoot
from moyai.domain.table import Table, TableSpec
from moyai.domain.tables.app_mesh import AppMeshTables
from moyai.domain.tables.cloud_formation import CloudFormationTables
from moyai.domain.tables.ecs import EcsTables
from moyai.domain.tables.events import EventTables
from moyai.domain.tables.load_balancing import LoadBalancingTables
from moyai.domain.tables.monitoring import MonitoringTables
from moyai.domain.tables.names import NameTables
from moyai.domain.tables.security import SecurityTables
from moyai.domain.tables.storage import StorageTables
from moyai.domain.tables.vpc import VpcTables
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LoadBalancerArn, ProxyId, ServiceArn, TaskId

R = TypeVar("R", bound=StoredRecord)


class Put(msgspec.Struct, frozen=True):
    """Add or replace a record in its table."""

    record: StoredRecord

    @property
    def record_type(self) -> type[StoredRecord]:
        """The type of the record."""
        return type(self.record)

    @property
    def key(self) -> str:
        """The key of the record."""
        return self.record.key


class Delete(msgspec.Struct, frozen=True):
    """Remove the record with this key from its type's table."""

    record_type: type[StoredRecord]
    key: str


Change = Put | Delete


def table_name(record_type: type[StoredRecord]) -> str:
    """The name of the table that keeps records of this type."""
    return str(record_type.__struct_config__.tag)


class World(
    EcsTables,
    NameTables,
    AppMeshTables,
    VpcTables,
    LoadBalancingTables,
    MonitoringTables,
    SecurityTables,
    StorageTables,
    CloudFormationTables,
    EventTables,
):
    """All tables. A table is an attribute, and specified in ``domain/tables``."""

    def __init__(self) -> None:
        self._set_tables({record_type: spec.create_table() for record_type, spec in TABLES.items()})

    def table(self, record_type: type[R]) -> Table[R]:
        """The table that keeps records of this type."""
        return self._by_type[record_type]

    @property
    def defaults(self) -> Defaults:
        """The settings that apply where a resource has none of its own."""
        return self._defaults.get(KEY) or Defaults()

    @property
    def session_root(self) -> SessionRoot | None:
        """The secret from which roles' credentials are derived; None before the installation has one."""
        return self._session_roots.get(SESSION_KEY)

    def check(self, change: Change) -> None:
        """Raise TypeError or ValueError when ``apply`` couldn't make this change; change nothing."""
        table = self._by_type.get(change.record_type)
        if table is None:
            raise TypeError(f"there is no table for {change.record_type!r}")
        if isinstance(change, Put):
            table.check(change.record)

    def apply(self, change: Change) -> None:
        """Make one change; for the store."""
        table = self._by_type[change.record_type]
        if isinstance(change, Put):
            table.put(change.record)
        else:
            table.delete(change.key)

    def with_tables(self, replace: Callable[[str, Table[Any]], Table[Any]]) -> World:
        """A copy of the world with other tables; ``replace`` takes the name of each table, and the table."""
        view = World.__new__(World)
        view._set_tables(  # noqa: SLF001  (a world of this class)
            {record_type: replace(table_name(record_type), table) for record_type, table in self._by_type.items()}
        )
        return view

    def _set_tables(self, tables: Mapping[type[StoredRecord], Table[Any]]) -> None:
        self._by_type = tables
        for record_type, table in tables.items():
            setattr(self, TABLES[record_type].name, table)

    def records(self) -> Iterator[StoredRecord]:
        """Every record of every table."""
        for table in self._by_type.values():
            yield from table


def _take_specs() -> Iterator[TableSpec[Any]]:
    for base in World.__bases__:
        for name, spec in tuple(vars(base).items()):
            if isinstance(spec, TableSpec):
                delattr(base, name)  # a world's attribute takes three times as long to read if its class has one, too
                yield spec


TABLES: Final[Mapping[type[StoredRecord], TableSpec[Any]]] = MappingProxyType(
    {spec.record_type: spec for spec in _take_specs()}
)
"""The specification of each table of the world, by its type of record."""


class ProxyState(msgspec.Struct, frozen=True):
    """The state of a proxy, as its xDS streams show it."""

    connected: bool = False
    synced: bool = False
    """The proxy has acknowledged the newest configuration that was made for it."""
    rejection: str | None = None
    """Why the proxy refused its newest configuration; it keeps the one before."""
    reported_at: Instant | None = None
    """When the proxy's statistics were last received."""
    lacks_listener: bool = False
    """The proxy refused a listener several times, over some ten seconds, and has no earlier version of it: nothing
    listens at a port of the workload.
    """


class Drain(msgspec.Struct, frozen=True):
    """The progress of removing a task's endpoints from the proxies."""

    waiting_on: frozenset[ProxyId] = frozenset()
    """Proxies that have the endpoint and have not yet acknowledged a configuration without it."""
    acknowledged_at: Instant | None = None
    """When all of them were first observed to have acknowledged it; None when that is not known."""
    in_flight: int | None = None
    """Requests that the task's own proxy still serves; None when that is not known."""
    connections: int = 0
    """Connections from outside that the task's own proxy has open, idle ones too."""
    rejects_connections: bool = False
    """The task's ports reject new connections. Only the process that closed them knows this; another process closes
    them again.
    """


class Rerouting(msgspec.Struct, frozen=True):
    """How far the callers' proxies have adopted the weights of a service's traffic."""

    published: bool = True
    """The proxies' configuration has been made from the weights."""
    waiting_on: frozenset[ProxyId] = frozenset()
    """Callers' proxies that have not yet acknowledged that configuration."""


class Observed(msgspec.Struct, frozen=True):
    """The observations of the reconciler. ``faults``: why a task's sandbox or container could not be created.
    ``with_acked_routes``: the tasks whose proxy has acknowledged routes to all names that their hosts files lack.
    ``listeners``: which of the sockets that a task needs before it is ready listen. ``endpoints``: those of each
    front proxy that answers. ``published``: the load balancers whose configuration was published to the front proxies.
    """

    sandboxes: Mapping[TaskId, SandboxState] = {}
    faults: Mapping[TaskId, str] = {}
    proxies: Mapping[ProxyId, ProxyState] = {}
    drains: Mapping[TaskId, Drain] = {}
    with_acked_routes: frozenset[TaskId] = frozenset()
    listeners: Mapping[TaskId, frozenset[ExpectedListener]] = {}
    reroutings: Mapping[ServiceArn, Rerouting] = {}
    endpoints: Mapping[TaskId, Sequence[ProxyEndpoint]] = {}
    published: frozenset[LoadBalancerArn] = frozenset()
