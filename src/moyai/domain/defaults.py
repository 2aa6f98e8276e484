"""The defaults of the whole installation, as its options set them."""

from __future__ import annotations

from typing import Final

from moyai.domain.record import StoredRecord

KEY: Final = "defaults"


class Defaults(StoredRecord, frozen=True, tag="defaults"):
    """The defaults; there is one record, or none, which is the same as one with nothing set."""

    live_endpoints: bool = False
    """Whether running tasks of a cluster without the tag can call names that were added after they started."""

    traced: bool = False
    """Whether the proxies of Service Connect trace requests."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return KEY
