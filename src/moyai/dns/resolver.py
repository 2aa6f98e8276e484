"""One resolver: what is ours from the zones, everything else from the host's resolvers.

Promise: a question that was asked before costs a look-up. Packets are kept under the question's own bytes (all but its
number), so two questions share an answer only when they are the same to the last bit; what is kept is forgotten when
its zone changes or any zone comes or goes. Values still change places: up to 16 turns are kept, each used in its turn,
and where there are more values than that, others have theirs after a while. A name with a stand-in is answered with it
where neither the zones nor others have an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

from dns.message import Message

from moyai.dns.answer import Answer, Elsewhere, answer, complete, failed, read, stood_in, write
from moyai.dns.forward import Upstream
from moyai.dns.index import Zones
from moyai.dns.records import lowered
from moyai.dns.stand_ins import PATIENCE
from moyai.dns.zone import Names
from moyai.kernel.ids import VpcId

Reply = bytes | Awaitable[bytes] | None
"""An answer, or one that takes time, or none."""

_KEPT: Final = 8192
_LONGEST: Final = 512
_TURNS: Final = 16
_USES: Final = 64
_NUMBER: Final = 2


class _Kept:
    """The packets that answer one question, without their numbers, and how long they are good."""

    __slots__ = ("epoch", "generation", "packets", "start", "turns", "used", "zone")

    def __init__(self, zone: Names, epoch: int, start: int) -> None:
        self.zone, self.generation, self.epoch = zone, zone.generation, epoch
        self.start, self.turns, self.used = start, 1, 0
        self.packets: list[bytes] = []


class Resolver:
    """Answers those in ``vpc``; None = the host. ``stream``: for TCP, where an answer may be long. ``patience``: what
    others have for a name with a stand-in, in seconds.
    """

    def __init__(
        self, zones: Zones, vpc: VpcId | None, upstream: Upstream, *, stream: bool, patience: float = PATIENCE
    ) -> None:
        self._zones = zones
        self._vpc = vpc
        self._upstream = upstream
        self._stream = stream
        self._patience = patience
        self._kept: dict[bytes, _Kept] = {}

    def reply(self, packet: bytes) -> Reply:
        """The answer to a packet from somebody who may ask. Never raises."""
        key = packet[_NUMBER:]
        kept = self._kept.get(key)
        if kept is None:
            return self._first(packet, key, 0)
        if kept.generation != kept.zone.generation or kept.epoch != self._zones.generation:
            return self._first(packet, key, kept.start + len(kept.packets))
        used, packets = kept.used, kept.packets
        kept.used = used + 1
        if len(packets) < kept.turns:
            return self._another(packet, kept)
        if used > _USES * _TURNS and kept.turns == _TURNS:
            return self._first(packet, key, kept.start + _TURNS)
        return packet[:_NUMBER] + packets[used % kept.turns]

    def _first(self, packet: bytes, key: bytes, turn: int) -> Reply:
        """Work the answer out, and keep it when it can be kept."""
        self._kept.pop(key, None)
        query = read(packet)
        if query is None or isinstance(query, bytes):
            return query
        found = answer(self._zones, self._vpc, query, turn)
        if found.elsewhere is not None:
            return self._ask(found, found.elsewhere, query)
        said = write(self._stood_in(found.message, query), query, stream=self._stream)
        if found.zone is not None and len(key) <= _LONGEST:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            kept = self._kept[key] = _Kept(found.zone, self._zones.generation, turn)
            kept.turns = min(found.turns, _TURNS)
            kept.packets.append(said[_NUMBER:])
        return said

    def _another(self, packet: bytes, kept: _Kept) -> Reply:
        """One more turn of an answer that is kept."""
        query = read(packet)
        if query is None or isinstance(query, bytes):
            return query
        found = answer(self._zones, self._vpc, query, kept.start + len(kept.packets))
        said = write(found.message, query, stream=self._stream)
        kept.packets.append(said[_NUMBER:])
        return said

    def _ask(self, found: Answer, wanted: Elsewhere, query: Message) -> Reply:
        """Have others complete the answer; where nobody can, say so at once."""
        if self._upstream.takes_more:
            return self._completed(found, wanted, query)
        return self._write(found, query, None)

    async def _completed(self, found: Answer, wanted: Elsewhere, query: Message) -> bytes:
        """Whoever asks for a name that has a stand-in can do without others, and waits no longer than ``patience``."""
        told: Message | None = None
        patience = self._patience if self._has_stand_in(query) else None
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                told = await self._upstream.ask(wanted, query, stream=self._stream)
        return self._write(found, query, told)

    def _write(self, found: Answer, query: Message, told: Message | None) -> bytes:
        message = failed(query) if told is None else complete(found, told)
        return write(self._stood_in(message, query), query, stream=self._stream)

    def _stood_in(self, message: Message, query: Message) -> Message:
        return stood_in(message, query) if self._has_stand_in(query) else message

    def _has_stand_in(self, query: Message) -> bool:
        return self._zones.stand_ins.has(self._vpc, lowered(query.question[0].name))
