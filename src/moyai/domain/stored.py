"""The base of every record that is kept: its tag is the name of its table."""

from __future__ import annotations

import msgspec


class Stored(msgspec.Struct, frozen=True, tag_field="table"):
    """A durable record. Subclasses give a ``tag`` and a ``key`` that is unique among their kind."""
