"""Namespaces, services and instances in few words, and questions about them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import dns.message
import dns.name
import dns.rcode

from moyai.dns.answer import DnsAnswer, answer, parse, serialize
from moyai.dns.index import Zones
from moyai.dns.resolver import Resolver
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import (
    DiscoveryInstance,
    DiscoveryService,
    DnsConfig,
    DnsRecord,
    RecordType,
    RoutingPolicy,
)
from moyai.domain.record import StoredRecord
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Delete, Put, World, table_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DiscoveryServiceArn, DiscoveryServiceId, InstanceId, NamespaceArn, NamespaceId, VpcId
from moyai.ports.store import Key

VPC, OTHER_VPC = VpcId("vpc-1"), VpcId("vpc-2")
ARN = "arn:aws:servicediscovery:us-east-1:123456789012"
TTL = 60
BORN = Instant(1.0)


def namespace(name: str, *, vpc: VpcId | None = VPC, identity: str = "", **rest: Any) -> Namespace:
    """A private namespace of VPC's, or a public one when ``vpc`` is None."""
    identity = identity or f"ns-{name}"
    kind = NamespaceType.DNS_PUBLIC if vpc is None else NamespaceType.DNS_PRIVATE
    arn = NamespaceArn(f"{ARN}:namespace/{identity}")
    return Namespace(arn, NamespaceId(identity), name, kind, BORN, vpc=vpc, **rest)


def service(name: str, within: Namespace, *types: str, weighted: bool = False, ttl: int = TTL) -> DiscoveryService:
    """A service with records of these types; A when none is named."""
    records = tuple(DnsRecord(RecordType(kind), ttl) for kind in types or ("A",))
    policy = RoutingPolicy.WEIGHTED if weighted else RoutingPolicy.MULTIVALUE
    identity = f"srv-{within.id}-{name}"
    return DiscoveryService(
        arn=DiscoveryServiceArn(f"{ARN}:service/{identity}"),
        id=DiscoveryServiceId(identity),
        name=name,
        namespace=within.arn,
        created_at=BORN,
        dns=DnsConfig(records, policy),
    )


def instance(of: DiscoveryService, identity: str, *, healthy: bool = True, **attributes: Any) -> DiscoveryInstance:
    """An instance. Attributes without their ``AWS_``: ``INSTANCE_IPV4="10.0.0.1"``."""
    told = {f"AWS_{key}": str(value) for key, value in attributes.items()}
    health = Health.HEALTHY if healthy else Health.UNHEALTHY
    return DiscoveryInstance(of.arn, InstanceId(identity), told, BORN, health)


class Cloud:
    """A world, and the zones that follow it."""

    def __init__(self, *records: StoredRecord, seed: int = 0) -> None:
        self.world = World()
        self.zones = Zones(self.world, Random(seed).randrange)  # noqa: S311 (repeatable is the point)
        self.put(*records)

    def put(self, *records: StoredRecord) -> None:
        self.apply(*(Put(record) for record in records))

    def delete(self, *records: StoredRecord) -> None:
        self.apply(*(Delete(type(record), record.key) for record in records))

    def apply(self, *changes: Change) -> None:
        for change in changes:
            self.world.apply(change)
        self.zones.refresh({_key(change) for change in changes})

    def look(self, name: str, kind: str = "A", *, vpc: VpcId | None = VPC, turn: int = 0, **how: Any) -> DnsAnswer:
        """The answer to a question."""
        return answer(self.zones, vpc, query(name, kind, **how), turn)

    def ask(self, name: str, kind: str = "A", *, stream: bool = False, **how: Any) -> dns.message.Message:
        """The answer as the client parses it."""
        vpc, turn = how.pop("vpc", VPC), how.pop("turn", 0)
        requested_query = query(name, kind, **how)
        return dns.message.from_wire(
            serialize(answer(self.zones, vpc, requested_query, turn).message, requested_query, stream=stream)
        )

    def values(self, name: str, kind: str = "A", **how: Any) -> list[str]:
        """The values in the answer section, in their order, as ``TTL type value``."""
        return list(lines(self.ask(name, kind, **how)))

    def rcode(self, name: str, kind: str = "A", **how: Any) -> str:
        return dns.rcode.to_text(self.ask(name, kind, **how).rcode())


def query(name: str, kind: str = "A", **how: Any) -> dns.message.Message:
    """A question as it arrives."""
    arrived = parse(dns.message.make_query(name, kind, **how).to_wire())
    assert isinstance(arrived, dns.message.Message)
    return arrived


def reply_of(resolver: Resolver, packet: bytes) -> dns.message.Message:
    """The reply of a resolver without waiting."""
    reply = resolver.reply(packet)
    assert isinstance(reply, bytes)
    return dns.message.from_wire(reply)


def lines(message: dns.message.Message, section: str = "answer") -> Iterator[str]:
    for rrset in getattr(message, section):
        for value in rrset:
            yield f"{rrset.name} {rrset.ttl} {rrset.rdtype.name} {value}"


def _key(change: Change) -> Key:
    kind = type(change.record) if isinstance(change, Put) else change.record_type
    return Key(table_name(kind), change.record.key if isinstance(change, Put) else change.key)
