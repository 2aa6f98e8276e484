"""Who answers."""

from __future__ import annotations

import msgspec


class Member(msgspec.Struct, frozen=True, order=True):
    """One place that answers; ``zone`` is where it stands. ``issuer``: of what it shows; empty = plain text."""

    zone: str
    address: str
    port: int
    issuer: str = ""


class EndpointGroup(msgspec.Struct, frozen=True):
    """The members behind a name, in a fixed order. None is a valid number of members."""

    name: str
    members: tuple[Member, ...] = ()
