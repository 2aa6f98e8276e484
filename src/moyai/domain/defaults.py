"""What holds where a resource says nothing itself: settings of the whole installation, as it was started."""

from __future__ import annotations

from typing import Final

from moyai.domain.record import StoredRecord

KEY: Final = "defaults"


class Defaults(StoredRecord, frozen=True, tag="defaults"):
    """There is one, or none, which is the same as one with nothing set."""

    live_endpoints: bool = False
    """Whether the running tasks of a cluster without a tag of its own see names that came after them."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return KEY
