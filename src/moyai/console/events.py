"""``/console/events``: notifications of changes, as server-sent events.

Promise: an event has names, never contents; its receiver reads the API again. ``hello`` comes first and means that
anything may have changed. ``changed`` has ``{"more": false, "keys": [{"kind", "cluster", "id"}…]}``, or ``more`` when
it is simpler to read everything again; changes within a fifth of a second are one event. ``metrics`` comes every five
seconds, when there may be a new data point, and shows that the server is alive. A slow listener costs one entry for
each changed record, as with every watch of the store. Refuses: more than a number of listeners, in total and of one
login; a listener counts until its response ends.
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

MAX_LISTENERS: Final = 200
MAX_LISTENERS_OF_LOGIN: Final = 20
"""A page that is not visible does not listen."""
MAX_KEYS: Final = 200
"""Keys in one event."""
TICK: Final = 5.0
"""Seconds between two data points of a metric."""
_COALESCE: Final = Seconds(0.2)
_HEADERS = MappingProxyType(
    {"content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no", **SECURITY}
)
_HELLO: Final = b"event: hello\ndata: {}\n\n"
_METRICS: Final = b"event: metrics\ndata: {}\n\n"

# The tables that pages show. Other records (secrets, keys, certificates) are neither shown nor named.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "alarm": "alarm",
        "capacity_provider": "capacity-provider",
        "cluster": "cluster",
        "change_set": "change-set",
        "container_instance": "container-instance",
        "daemon": "daemon",
        "daemon_deployment": "daemon-deployment",
        "discovery_instance": "instance",
        "discovery_service": "discovery-service",
        "express_service": "express-service",
        "family": "task-definition",
        "gateway_association": "gateway-association",
        "ingress_path": "ingress-path",
        "listener": "listener",
        "listener_rule": "listener-rule",
        "load_balancer": "load-balancer",
        "log_group": "log-group",
        "mesh": "mesh",
        "namespace": "namespace",
        "scalable_target": "scaling",
        "scaling_activity": "scaling",
        "scaling_policy": "scaling",
        "service": "service",
        "service_deployment": "service-deployment",
        "service_gateway": "gateway",
        "service_log": "service-events",
        "service_revision": "service-revision",
        "stack": "stack",
        "stack_resource": "stack-resource",
        "target": "target",
        "target_group": "target-group",
        "task": "task",
        "task_definition": "task-definition",
        "virtual_gateway": "virtual-gateway",
        "virtual_node": "virtual-node",
        "vpc": "vpc",
    }
)
_IN_CLUSTERS = frozenset(
    {
        "cluster",
        "container-instance",
        "daemon",
        "daemon-deployment",
        "express-service",
        "service",
        "service-deployment",
        "service-events",
        "service-revision",
        "task",
    }
)


class _Changed(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: str
    cluster: str | None = None
    id: str | None = None


class _Batch(msgspec.Struct, frozen=True):
    more: bool
    keys: tuple[_Changed, ...]


class Events:
    """The event streams of all listeners."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._listeners: Counter[str | None] = Counter()
        self._closed = asyncio.Event()

    def close(self) -> None:
        """End the event streams of all listeners."""
        self._closed.set()

    def answer(self, scope: Scope | None, is_allowed: Callable[[], bool], login: str | None = None) -> ConsoleResponse:
        """A stream of the changes in one account and region, or in all, while ``is_allowed``.

        ``login``: its owner.
        """
        if self._listeners.total() >= MAX_LISTENERS:
            return error_response(503, "ServiceUnavailableException", f"{MAX_LISTENERS} listeners are here already.")
        if login is not None and self._listeners[login] >= MAX_LISTENERS_OF_LOGIN:
            message = f"This login has {MAX_LISTENERS_OF_LOGIN} listeners already."
            return error_response(429, "TooManyRequestsException", message)
        self._listeners[login] += 1
        return ConsoleResponse(200, _HEADERS, self._stream(scope, is_allowed), partial(self._remove_listener, login))

    def _remove_listener(self, login: str | None) -> None:
        self._listeners -= Counter((login,))  # this operator also drops logins without listeners

    async def _stream(self, scope: Scope | None, is_allowed: Callable[[], bool]) -> AsyncIterator[bytes]:
        watch = self._store.watch()
        end = asyncio.ensure_future(self._closed.wait())
        tick = asyncio.ensure_future(self._next_tick())
        change = asyncio.ensure_future(anext(watch, None))
        try:
            await change  # all keys, for which ``hello`` stands
            yield _HELLO
            change = asyncio.ensure_future(self._next_changes(watch))
            while is_allowed():
                await asyncio.wait({end, tick, change}, return_when=asyncio.FIRST_COMPLETED)
                if end.done():
                    return
                if change.done():
                    keys = change.result()
                    if keys is None:
                        return
                    event = _event(keys, scope)
                    if event is not None:
                        yield event
                    change = asyncio.ensure_future(self._next_changes(watch))
                if tick.done():
                    yield _METRICS
                    tick = asyncio.ensure_future(self._next_tick())
        finally:
            for future in (end, tick, change):
                future.cancel()

    async def _next_changes(self, watch: AsyncIterator[frozenset[Key]]) -> frozenset[Key] | None:
        """The next changes, collected for a moment; None when the store is closed."""
        await self._clock.sleep(_COALESCE)
        return await anext(watch, None)

    async def _next_tick(self) -> None:
        await self._clock.sleep(Seconds(TICK - self._clock.now() % TICK))


def _event(keys: Iterable[Key], scope: Scope | None) -> bytes | None:
    """The event for those of the keys that are in the scope and in a shown table; None when there are none."""
    changed_resources = {
        _change_of(_KINDS[key.table], key.key) for key in keys if key.table in _KINDS and _is_in(scope, key.key)
    }
    if not changed_resources:
        return None
    more = len(changed_resources) > MAX_KEYS
    batch = _Batch(more, () if more else tuple(sorted(changed_resources, key=repr)))
    return b"event: changed\ndata: " + msgspec.json.encode(batch) + b"\n\n"


def _is_in(scope: Scope | None, key: str) -> bool:
    """Whether a key is in the scope. A key that is not an ARN may be in any."""
    arn = parse_arn(key)
    return scope is None or arn is None or arn.scope == scope


def _change_of(kind: str, key: str) -> _Changed:
    arn = parse_arn(key)
    cluster = arn.path[0] if arn is not None and kind in _IN_CLUSTERS and arn.path else None
    return _Changed(kind, cluster, key)
