"""How whoever watches the proxies hears of them."""

from __future__ import annotations

from asyncio import Event
from collections.abc import Iterable

from moyai.kernel.ids import ProxyId


class Doorbell:
    """Coalesces until somebody looks."""

    def __init__(self) -> None:
        self._event = Event()
        self._who: set[ProxyId] = set()

    def ring(self, who: Iterable[ProxyId]) -> None:
        """Something is new with these proxies."""
        self._who.update(who)
        if self._who:
            self._event.set()

    async def rung(self) -> tuple[ProxyId, ...]:
        """With whom something is new, when it is."""
        await self._event.wait()
        self._event.clear()
        who, self._who = self._who, set()
        return tuple(sorted(who))
