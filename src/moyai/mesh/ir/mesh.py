"""The whole mesh: every workload, and the shared pieces that their views name."""

from __future__ import annotations

import msgspec


class Mesh(msgspec.Struct, frozen=True):
    """One consistent picture of all traffic."""
