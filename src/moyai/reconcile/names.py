"""Whom a name concerns that came or went: the tasks and the services of its namespace.

Promise: as with the mesh, only what a change touches is looked at, and a change that moves no name touches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.own_tags import LIVE_ENDPOINTS
from moyai.domain.world import World, table_name
from moyai.plan.connect import offered_names
from moyai.plan.mode import is_live
from moyai.ports.store import Key
from moyai.reconcile.surroundings import Surroundings

_ANSWERED = "answered"


class NameBroadcast:
    """Finds who has to be asked again."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._traces: dict[Key, tuple[frozenset[str], object]] = {}

    def follow(self, keys: Iterable[Key]) -> list[str]:
        """Tasks and services whose names, or what is to be said about them, these changes may move."""
        world = self._around.store.world
        touched: set[str] = set()
        for key in map(_whose, keys):
            before, now = self._traces.pop(key, None), _trace(world, key)
            if now is not None:
                self._traces[key] = now
            if before != now:
                touched |= {place for trace in (before, now) if trace is not None for place in trace[0]}
        return sorted({key for place in touched for key in _concerned(world, place)})


def _whose(key: Key) -> Key:
    """An instance matters by whether its service has any."""
    return Key(_ANSWERED, key.key.rpartition("/")[0]) if key.table == table_name(DiscoveryInstance) else key


def _trace(world: World, key: Key) -> tuple[frozenset[str], object] | None:
    """Where a record's names matter (namespaces, or a cluster), and what of it moves them."""
    match key.table:
        case "service":
            service = world.services.get(key.key)
            found = {} if service is None else offered_names(service)
            return (frozenset(found), found) if found else None
        case "discovery_service":
            made = world.discovery_services.get(key.key)
            outside = made is not None and made.owner is None
            return (frozenset({made.namespace}), (made.name, made.attributes)) if made and outside else None
        case "answered":
            known = world.discovery_services.get(key.key)
            anybody = bool(world.discovery_instances.count("service", key.key))
            return None if known is None else (frozenset({known.namespace}), anybody)
        case "cluster":
            cluster = world.clusters.get(key.key)
            return None if cluster is None else (frozenset({cluster.arn}), cluster.tags.get(LIVE_ENDPOINTS))
        case "defaults":
            return frozenset(world.clusters.keys()), world.defaults
        case _:
            return None


def _concerned(world: World, place: str) -> Iterator[str]:
    """The services of a namespace or a cluster, and its tasks where their names are live."""
    index = "cluster" if place in world.clusters else "namespace"
    yield from (service.arn for service in world.services.each(index, place))
    yield from (t.arn for t in world.tasks.each(index, place) if t.view is not None and is_live(world, t.cluster))
