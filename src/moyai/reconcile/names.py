"""Whom a name concerns that came or went: the tasks and the services of its namespace.

Promise: as with the mesh, only what a change touches is looked at, and a change that moves no name touches nothing.
Tasks are asked at once; services only have something to say, so many moves in a row are one question for them.
"""

from __future__ import annotations

import asyncio
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
        self._untold: set[str] = set()
        self.moved = asyncio.Event()
        """Set when there is something for ``untold``."""

    def follow(self, keys: Iterable[Key]) -> list[str]:
        """Tasks whose names these changes may move."""
        world = self._around.store.world
        touched: set[str] = set()
        for key in map(_whose, keys):
            before, now = self._traces.pop(key, None), _trace(world, key)
            if now is not None:
                self._traces[key] = now
            if before != now:
                touched |= {place for trace in (before, now) if trace is not None for place in trace[0]}
        self._untold |= touched
        if touched:
            self.moved.set()
        return sorted({task for place in touched for task in _following(world, place)})

    def untold(self) -> list[str]:
        """Services that may have to say something of names that moved since this was asked last."""
        self.moved.clear()
        world, touched, self._untold = self._around.store.world, self._untold, set()
        return sorted({s.arn for place in touched for s in world.services.each(_index(world, place), place)})


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


def _following(world: World, place: str) -> Iterator[str]:
    """The tasks of a namespace or a cluster whose names are live."""
    tasks = world.tasks.each(_index(world, place), place)
    return (t.arn for t in tasks if t.view is not None and is_live(world, t.cluster))


def _index(world: World, place: str) -> str:
    return "cluster" if place in world.clusters else "namespace"
