"""A caching resolver: answers from the zones, and forwards all other questions to the host's resolvers.

Promise: a repeated question costs one look-up. Response packets are cached under the query's bytes without its id, so
two queries share a response only when all other bits are equal. A cached response is dropped when its zone changes or
any zone is added or removed. Values are still rotated: up to 16 rotations are cached and used in turn; where there are
more values, the cached rotations are replaced after a while. A name with a stand-in gets its address where neither the
zones nor the host's resolvers have one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

from dns.message import Message

from moyai.dns.answer import (
    DnsAnswer,
    UpstreamQuestion,
    answer,
    bare_server_failure,
    complete,
    parse,
    serialize,
    server_failure,
    with_stand_in,
)
from moyai.dns.forward import Upstream
from moyai.dns.index import Zones
from moyai.dns.records import to_labels
from moyai.dns.stand_ins import UPSTREAM_TIMEOUT
from moyai.dns.zone import AuthoritativeZone
from moyai.kernel.ids import VpcId

_log = logging.getLogger(__name__)

Reply = bytes | Awaitable[bytes] | None
"""A response, or an awaitable for one, or None when the packet gets none."""

_CACHE_SIZE: Final = 8192
_MAX_CACHED_QUERY: Final = 512
_ROTATIONS: Final = 16
_USES: Final = 64
_ID_BYTES: Final = 2


class _CacheEntry:
    """The response packets to one query, without their ids, and the state of the zones that they are valid for."""

    __slots__ = ("epoch", "generation", "packets", "rotations", "start", "used", "zone")

    def __init__(self, zone: AuthoritativeZone, epoch: int, start: int) -> None:
        self.zone, self.generation, self.epoch = zone, zone.generation, epoch
        self.start, self.rotations, self.used = start, 1, 0
        self.packets: list[bytes] = []


class Resolver:
    """Answers queries from ``vpc``; None = from the host. ``stream``: for TCP, where a response may be long.
    ``stand_in_timeout``: seconds for which upstream resolvers are awaited for a name with a stand-in.
    """

    def __init__(
        self,
        zones: Zones,
        vpc: VpcId | None,
        upstream: Upstream,
        *,
        stream: bool,
        stand_in_timeout: float = UPSTREAM_TIMEOUT,
    ) -> None:
        self._zones = zones
        self._vpc = vpc
        self._upstream = upstream
        self._stream = stream
        self._stand_in_timeout = stand_in_timeout
        self._cache: dict[bytes, _CacheEntry] = {}
        self._failures = 0

    def reply(self, packet: bytes) -> Reply:
        """The response to a packet from a permitted client. Never raises: an error in moyai is answered by SERVFAIL."""
        try:
            return self._reply(packet)
        except Exception:  # noqa: BLE001  (the server goes on)
            return self._failure(packet)

    def _reply(self, packet: bytes) -> Reply:
        key = packet[_ID_BYTES:]
        entry = self._cache.get(key)
        if entry is None:
            return self._resolve(packet, key, 0)
        if entry.generation != entry.zone.generation or entry.epoch != self._zones.generation:
            return self._resolve(packet, key, entry.start + len(entry.packets))
        use_count, packets = entry.used, entry.packets
        entry.used = use_count + 1
        if len(packets) < entry.rotations:
            return self._add_rotation(packet, entry)
        if use_count > _USES * _ROTATIONS and entry.rotations == _ROTATIONS:
            return self._resolve(packet, key, entry.start + _ROTATIONS)
        return packet[:_ID_BYTES] + packets[use_count % entry.rotations]

    def _resolve(self, packet: bytes, key: bytes, rotation: int) -> Reply:
        """Compute the response, and cache it if possible."""
        self._cache.pop(key, None)
        query = parse(packet)
        if query is None or isinstance(query, bytes):
            return query
        result = answer(self._zones, self._vpc, query, rotation)
        if result.upstream is not None:
            return self._forward(packet, result, query)
        response = serialize(self._add_stand_in(result.message, query), query, stream=self._stream)
        if result.zone is not None and len(key) <= _MAX_CACHED_QUERY:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            entry = self._cache[key] = _CacheEntry(result.zone, self._zones.generation, rotation)
            entry.rotations = min(result.rotations, _ROTATIONS)
            entry.packets.append(response[_ID_BYTES:])
        return response

    def _add_rotation(self, packet: bytes, entry: _CacheEntry) -> Reply:
        """Compute and cache the next rotation of a cached response."""
        query = parse(packet)
        if query is None or isinstance(query, bytes):
            return query
        result = answer(self._zones, self._vpc, query, entry.start + len(entry.packets))
        response = serialize(result.message, query, stream=self._stream)
        entry.packets.append(response[_ID_BYTES:])
        return response

    def _forward(self, packet: bytes, partial: DnsAnswer, query: Message) -> Reply:
        """Complete an answer by an upstream resolver; fail at once when none can be asked."""
        if self._upstream.has_capacity and partial.upstream is not None:
            return self._complete_or_fail(packet, partial, partial.upstream, query)
        return self._finish(partial, query, None)

    async def _complete_or_fail(
        self, packet: bytes, partial: DnsAnswer, question: UpstreamQuestion, query: Message
    ) -> bytes:
        try:
            return await self._complete(partial, question, query)
        except Exception:  # noqa: BLE001  (what an upstream resolver says must not end the server)
            return self._failure(packet)

    async def _complete(self, partial: DnsAnswer, question: UpstreamQuestion, query: Message) -> bytes:
        """Wait for an upstream resolver; for a name with a stand-in no longer than ``stand_in_timeout``."""
        response: Message | None = None
        timeout = self._stand_in_timeout if self._has_stand_in(query) else None
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                response = await self._upstream.ask(question, query, stream=self._stream)
        return self._finish(partial, query, response)

    def _finish(self, partial: DnsAnswer, query: Message, response: Message | None) -> bytes:
        message = server_failure(query) if response is None else complete(partial, response)
        return serialize(self._add_stand_in(message, query), query, stream=self._stream)

    def _failure(self, packet: bytes) -> bytes:
        """SERVFAIL, for the exception that is being handled. The log has the 1st, 2nd, 4th, 8th … of them."""
        self._failures += 1
        if self._failures.bit_count() == 1:
            _log.exception(
                "a DNS query of %s could not be answered (%d so far)", self._vpc or "the host", self._failures
            )
        return bare_server_failure(packet)

    def _add_stand_in(self, message: Message, query: Message) -> Message:
        return with_stand_in(message, query) if self._has_stand_in(query) else message

    def _has_stand_in(self, query: Message) -> bool:
        return self._zones.stand_ins.has(self._vpc, to_labels(query.question[0].name))
