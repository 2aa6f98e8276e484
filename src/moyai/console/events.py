"""``/console/events``: what has changed, as server-sent events.

Promise: names, never contents; whoever hears one reads again by the API. ``hello`` comes first and means that anything
may have changed. ``changed`` has ``{"more": false, "keys": [{"kind", "cluster", "id"}…]}``, or ``more`` when it is
simpler to read everything again; changes within a fifth of a second come together. ``metrics`` comes each five
seconds, when a new point of a metric may be there, and says that the server lives. A listener that is slow
costs one entry for each thing that changed, as with every watch of the store.
Refuses: more listeners than so many, in all and of one login; one counts from its admission to its answer's end.
Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.console.messages import SECURITY, ConsoleResponse, error_response
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.scope import Scope
from moyai.ports.store import Key, Store

MOST_LISTENERS: Final = 200
MOST_OF_ONE: Final = 20
"""Of one login: a page that is not looked at listens to nothing."""
MOST_KEYS: Final = 200
"""Named in one event."""
TICK: Final = 5.0
"""Seconds between two points of a metric."""
_TOGETHER: Final = Seconds(0.2)
_HEADERS = MappingProxyType(
    {"content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no", **SECURITY}
)
_HELLO: Final = b"event: hello\ndata: {}\n\n"
_METRICS: Final = b"event: metrics\ndata: {}\n\n"

# What a page can show. The rest of the world (secrets, keys, certificates) is not shown, nor named.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "alarm": "alarm",
        "capacity_provider": "capacity-provider",
        "cluster": "cluster",
        "container_instance": "container-instance",
        "discovery_instance": "instance",
        "discovery_service": "discovery-service",
        "family": "task-definition",
        "log_group": "log-group",
        "mesh": "mesh",
        "namespace": "namespace",
        "scalable_target": "scaling",
        "scaling_activity": "scaling",
        "scaling_policy": "scaling",
        "service": "service",
        "service_deployment": "service-deployment",
        "service_log": "service-events",
        "service_revision": "service-revision",
        "task": "task",
        "task_definition": "task-definition",
        "virtual_gateway": "virtual-gateway",
        "virtual_node": "virtual-node",
        "vpc": "vpc",
    }
)
_IN_CLUSTERS = frozenset(
    {"cluster", "container-instance", "service", "service-deployment", "service-events", "service-revision", "task"}
)


class _Changed(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: str
    cluster: str | None = None
    id: str | None = None


class _Batch(msgspec.Struct, frozen=True):
    more: bool
    keys: tuple[_Changed, ...]


class Events:
    """All listeners."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._listeners: Counter[str | None] = Counter()
        self._closed = asyncio.Event()

    def close(self) -> None:
        """End every stream."""
        self._closed.set()

    def answer(self, scope: Scope | None, allowed: Callable[[], bool], login: str | None = None) -> ConsoleResponse:
        """A stream of what changes in the scope, or in all, for as long as ``allowed``; ``login``: whose it is."""
        if self._listeners.total() >= MOST_LISTENERS:
            return error_response(503, "ServiceUnavailableException", f"{MOST_LISTENERS} listeners are here already.")
        if login is not None and self._listeners[login] >= MOST_OF_ONE:
            return error_response(429, "TooManyRequestsException", f"This login has {MOST_OF_ONE} listeners already.")
        self._listeners[login] += 1
        return ConsoleResponse(200, _HEADERS, self._stream(scope, allowed), partial(self._leave, login))

    def _leave(self, login: str | None) -> None:
        self._listeners -= Counter((login,))  # who has none left is not kept

    async def _stream(self, scope: Scope | None, allowed: Callable[[], bool]) -> AsyncIterator[bytes]:
        watch = self._store.watch()
        end = asyncio.ensure_future(self._closed.wait())
        tick = asyncio.ensure_future(self._next_tick())
        ring = asyncio.ensure_future(anext(watch, None))
        try:
            await ring  # every key there is: that is what ``hello`` says
            yield _HELLO
            ring = asyncio.ensure_future(self._gathered(watch))
            while allowed():
                await asyncio.wait({end, tick, ring}, return_when=asyncio.FIRST_COMPLETED)
                if end.done():
                    return
                if ring.done():
                    keys = ring.result()
                    if keys is None:
                        return
                    event = _event(keys, scope)
                    if event is not None:
                        yield event
                    ring = asyncio.ensure_future(self._gathered(watch))
                if tick.done():
                    yield _METRICS
                    tick = asyncio.ensure_future(self._next_tick())
        finally:
            for one in (end, tick, ring):
                one.cancel()

    async def _gathered(self, watch: AsyncIterator[frozenset[Key]]) -> frozenset[Key] | None:
        """What changes within a moment; None when the store is closed."""
        await self._clock.sleep(_TOGETHER)
        return await anext(watch, None)

    async def _next_tick(self) -> None:
        await self._clock.sleep(Seconds(TICK - self._clock.now() % TICK))


def _event(keys: Iterable[Key], scope: Scope | None) -> bytes | None:
    """The event that names these keys as far as they are of the scope and can be shown; None when none is."""
    changed = {_changed(_KINDS[key.table], key.key) for key in keys if key.table in _KINDS and _is_in(scope, key.key)}
    if not changed:
        return None
    more = len(changed) > MOST_KEYS
    batch = _Batch(more, () if more else tuple(sorted(changed, key=repr)))
    return b"event: changed\ndata: " + msgspec.json.encode(batch) + b"\n\n"


def _is_in(scope: Scope | None, key: str) -> bool:
    """Whether it is of the scope; what names none may be of any."""
    arn = parse_arn(key)
    return scope is None or arn is None or arn.scope == scope


def _changed(kind: str, key: str) -> _Changed:
    arn = parse_arn(key)
    cluster = arn.path[0] if arn is not None and kind in _IN_CLUSTERS and arn.path else None
    return _Changed(kind, cluster, key)
