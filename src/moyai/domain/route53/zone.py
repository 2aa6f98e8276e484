"""Hosted zones, their record sets and the changes to them.

Promise: Route 53 is global: a zone belongs to an account, not to a region. Each record set is a record of its own, so
that a change costs what it touches; its key has the order of Route 53's lists. ``version`` counts a zone's changes.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html, API_ResourceRecordSet.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.domain.record import IdRecord, StoredRecord
from moyai.domain.route53.names import reversed_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, HostedZoneId, Region, VpcId, ZoneChangeId

PUBLIC_NAME_SERVERS: Final = tuple(f"ns-{number}.dns.localhost" for number in (0, 512, 1024, 1536))
"""moyai's own names, because AWS's name servers don't know the zone."""
PRIVATE_NAME_SERVERS: Final = (
    "ns-0.awsdns-00.com",
    "ns-512.awsdns-00.net",
    "ns-1024.awsdns-00.org",
    "ns-1536.awsdns-00.co.uk",
)
"""The name servers of every private zone at AWS."""


class ZoneVpc(msgspec.Struct, frozen=True):
    """A VPC in which a private zone is answered."""

    region: Region
    id: VpcId


class LinkedService(msgspec.Struct, frozen=True):
    """The AWS service that manages a zone, and the ARN of its resource."""

    principal: str
    resource: str


class HostedZone(IdRecord, frozen=True, tag="hosted_zone"):
    """A hosted zone. ``authorized``: VPCs of other accounts that may be associated with it."""

    id: HostedZoneId
    account: AccountId
    name: str
    """The normalized name."""
    caller_reference: str
    created_at: Instant
    private: bool = False
    comment: str | None = None
    vpcs: tuple[ZoneVpc, ...] = ()
    authorized: tuple[ZoneVpc, ...] = ()
    tags: Mapping[str, str] = {}
    version: int = 1
    linked: LinkedService | None = None

    @property
    def name_servers(self) -> tuple[str, ...]:
        """The names of the zone's name servers."""
        return PRIVATE_NAME_SERVERS if self.private else PUBLIC_NAME_SERVERS


class AliasOf(msgspec.Struct, frozen=True):
    """The name whose records an alias answers with, and the zone that the name is in."""

    hosted_zone_id: str
    dns_name: str
    """The normalized name."""
    evaluate_target_health: bool = False


class ResourceRecordSet(StoredRecord, frozen=True, tag="record_set"):
    """The records of one name and type. Several sets may have the same ones if each has an identifier of its own.

    Either ``ttl`` and ``values``, or ``alias`` is set. ``weight``, ``region`` or ``multivalue`` is set with an
    identifier only.
    """

    zone: HostedZoneId
    name: str
    """The normalized name."""
    type: str
    ttl: int | None = None
    values: tuple[str, ...] = ()
    alias: AliasOf | None = None
    set_identifier: str | None = None
    weight: int | None = None
    multivalue: bool = False
    region: Region | None = None
    """The region that a latency record set is for."""

    @property
    def key(self) -> str:
        """Zone, name, type and identifier. A space sorts before all characters of a name."""
        return record_set_key(self.zone, self.name, self.type, self.set_identifier)


class HostedZoneChange(IdRecord, frozen=True, tag="hosted_zone_change"):
    """A change to a zone, which is in sync when DNS has this version of the zone."""

    id: ZoneChangeId
    account: AccountId
    zone: HostedZoneId
    version: int
    submitted_at: Instant
    comment: str | None = None


def record_set_key(zone: str, name: str, kind: str = "", identifier: str | None = None) -> str:
    """The key of a record set, or a text just before the keys of those with this name, or with this name and type."""
    return f"{zone} {reversed_name(name)} {kind} {identifier or ''}"


def apex_records(zone: HostedZone) -> tuple[ResourceRecordSet, ResourceRecordSet]:
    """The NS and the SOA record set with which a zone begins."""
    servers = tuple(f"{server}." for server in zone.name_servers)
    start = f"{servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    return (
        ResourceRecordSet(zone.id, zone.name, "NS", 172800, servers),
        ResourceRecordSet(zone.id, zone.name, "SOA", 900, (start,)),
    )
