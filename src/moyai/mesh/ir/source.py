"""Where the endpoints of a destination are known from."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Family(StrEnum):
    """Which of a name's addresses are taken. UNSET: those of IPv6 where it has any, else those of IPv4."""

    UNSET = "unset"
    IPV4_PREFERRED = "ipv4-preferred"
    IPV4_ONLY = "ipv4-only"
    IPV6_ONLY = "ipv6-only"


class Grouped(msgspec.Struct, frozen=True, tag="group"):
    """An EndpointGroup, by its name."""

    group: str


class Named(msgspec.Struct, frozen=True, tag="dns"):
    """What the proxy itself finds by DNS. ``each``: every address is an endpoint; otherwise the name is one."""

    hostname: str
    port: int
    each: bool = False
    family: Family = Family.UNSET


class Fixed(msgspec.Struct, frozen=True, tag="fixed"):
    """One address."""

    address: str
    port: int


class Original(msgspec.Struct, frozen=True, tag="original"):
    """Wherever the connection was going before it was redirected."""


Source = Grouped | Named | Fixed | Original
