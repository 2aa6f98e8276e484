"""After any sequence of changes, names resolve as the world says; and no packet does harm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moyai.dns.forward import Upstream
from moyai.dns.resolver import Resolver
from moyai.domain.cloudmap.service import RecordType
from moyai.domain.sandbox.state import Health
from tests.unit.dns.cloud import OTHER_VPC, TTL, VPC, Cloud, instance, lines, namespace, reply_of, service

NAMESPACES = [
    namespace("shop.local"),
    namespace("a.shop.local", vpc=OTHER_VPC),
    namespace("shop.local", vpc=None, identity="ns-public"),
]
SERVICES = [
    service(name, within, *types, weighted=weighted)
    for within in NAMESPACES
    for name, types, weighted in [
        ("web", ("A",), False),
        ("one", ("A",), True),
        ("_j._tcp", ("SRV",), False),
        ("both", ("A", "AAAA"), False),
        ("six", ("AAAA",), False),
    ]
]
NUMBERS = st.integers(1, 12)


class Story(RuleBasedStateMachine):
    """Clients register, deregister and report health; namespaces and services come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud(*NAMESPACES, *SERVICES)

    @rule(of=st.sampled_from(SERVICES), number=NUMBERS, healthy=st.booleans(), move=st.booleans(), dual=st.booleans())
    def register(self, of, number, healthy, move, dual):
        address = number + 100 * move
        addresses = {"INSTANCE_IPV4": f"10.0.0.{address}"} | ({"INSTANCE_IPV6": f"fd00::{address}"} if dual else {})
        self.cloud.put(instance(of, f"i{number}", healthy=healthy, INSTANCE_PORT=80, **addresses))

    @rule(of=st.sampled_from(SERVICES), number=NUMBERS)
    def deregister(self, of, number):
        self.cloud.delete(instance(of, f"i{number}"))

    @rule(which=st.sampled_from(NAMESPACES), there=st.booleans())
    def change_namespace(self, which, there):
        (self.cloud.put if there else self.cloud.delete)(which)

    @rule(which=st.sampled_from(SERVICES), there=st.booleans())
    def change_service(self, which, there):
        (self.cloud.put if there else self.cloud.delete)(which)

    @invariant()
    def the_zones_are_those_of_the_world(self):
        dumped = {
            (zone.namespace.arn, b".".join(owner).decode(), kind.name, str(record.value))
            for zone in self.cloud.zones
            for owner, kind, found in zone.sets()
            for record in found.values(0) + [r for turn in range(len(found)) for r in found.values(turn)]
        }
        assert dumped == set(self.expected_values())

    @invariant()
    def a_name_exists_where_there_is_something(self):
        for zone in self.cloud.zones:
            owners = {owner for owner, _, _ in zone.sets()}
            above = {owner[start:] for owner in owners for start in range(len(owner) + 1)} | {()}
            params = {(b"web",), (b"_tcp",), (b"i1", b"_j", b"_tcp"), (b"x",), (b"x", b"web")} | above
            assert {name for name in params if zone.exists(name)} == above

    def expected_values(self):
        """The values that each namespace may have, computed from the world alone."""
        world = self.cloud.world
        for discovery_service in world.discovery_services:
            within = world.namespaces.get(discovery_service.namespace)
            if within is None:
                continue
            there = world.discovery_instances.by("service", discovery_service.arn)
            for record in discovery_service.dns.records if discovery_service.dns else ():
                messages = [
                    (i, value)
                    for i in there
                    for value in self.values(record.type, discovery_service.name, discovery_service.name, within, i)
                ]
                healthy = [said for i, said in messages if i.health is not Health.UNHEALTHY]
                yield from healthy or [said for _, said in messages]
                if record.type is RecordType.SRV:
                    for i in there:
                        for kind in (RecordType.A, RecordType.AAAA):
                            yield from self.values(
                                kind, f"{i.id}.{discovery_service.name}", discovery_service.name, within, i
                            )

    def values(self, kind, owner, service_name, within, i):
        """The values of an instance in a record; none, where it has no address of that kind."""
        attributes: Mapping[str, str] = i.attributes
        if kind is RecordType.SRV:
            target = f"1 1 {attributes['AWS_INSTANCE_PORT']} {i.id}.{service_name}.{within.name}."
            yield within.arn, owner, "SRV", target
            return
        address = attributes.get("AWS_INSTANCE_IPV4" if kind is RecordType.A else "AWS_INSTANCE_IPV6")
        if address is not None:
            yield within.arn, owner, str(kind), address


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


# ------------------------------------------------------------------------------------------------------ raw packets

HOWS: list[dict[str, Any]] = [{}, {"use_edns": 0, "payload": 1232, "want_dnssec": True}]
QUESTIONS = [
    dns.message.make_query(name, kind, **how).to_wire()
    for name in ("web.shop.local", "_j._tcp.shop.local", "example.com", ".")
    for kind in ("A", "SRV", "ANY", "AXFR", "OPT")
    for how in HOWS
]


def full_cloud():
    cloud = Cloud(*NAMESPACES, *SERVICES)
    for of in SERVICES:
        cloud.put(instance(of, "i1", INSTANCE_IPV4="10.0.0.1", INSTANCE_IPV6="fd00::1", INSTANCE_PORT=80))
    return cloud


@st.composite
def packets(draw):
    """Anything, or a question with some of its bytes turned, cut off or grown on."""
    packet = bytearray(draw(st.sampled_from(QUESTIONS) | st.binary(max_size=600)))
    for _ in range(draw(st.integers(0, 6))):
        if packet:
            packet[draw(st.integers(0, len(packet) - 1))] = draw(st.integers(0, 255))
    return bytes(packet[: draw(st.integers(0, len(packet)))] if draw(st.booleans()) else packet) + draw(
        st.binary(max_size=30)
    )


@pytest.mark.parametrize("stream", [False, True])
def test_any_packet_is_handled_and_only_own_zones_are_answered(stream):
    cloud = full_cloud()
    alone = Upstream((), lambda _: 0)
    resolvers = [Resolver(cloud.zones, vpc, alone, stream=stream) for vpc in (VPC, None)]

    @settings(max_examples=1500, deadline=None)
    @given(packets())
    def each(packet):
        for resolver in resolvers:
            for _ in range(2):  # the second one may come from what was kept
                _examine(packet, resolver.reply(packet), stream=stream)

    each()


def _examine(packet, reply, *, stream):
    if reply is None:
        assert len(packet) < 12 or packet[2] & 0x80
        return
    assert isinstance(reply, bytes)
    assert reply[:2] == packet[:2]
    response = dns.message.from_wire(reply)
    assert response.flags & dns.flags.QR
    assert len(reply) <= (65535 if stream else 1232)
    for rrset in (*response.answer, *response.authority, *response.additional):
        assert str(rrset.name).lower().endswith("shop.local.")


def test_a_cached_answer_equals_a_fresh_one():
    cloud = full_cloud()
    resolver = Resolver(cloud.zones, VPC, Upstream((), lambda _: 0), stream=False)
    packet = dns.message.make_query("web.shop.local", "A").to_wire()
    web = SERVICES[0]
    for number in range(1, 30):
        cloud.put(instance(web, f"i{number}", INSTANCE_IPV4=f"10.0.0.{number}"))
        fresh = cloud.ask("web.shop.local")
        for _ in range(20):
            assert len(reply_of(resolver, packet).answer[0]) == min(8, number) == len(fresh.answer[0])


def test_cached_answers_rotate():
    cloud = full_cloud()
    web = SERVICES[0]
    cloud.put(*(instance(web, f"i{number}", INSTANCE_IPV4=f"10.0.0.{number}") for number in range(1, 41)))
    resolver = Resolver(cloud.zones, VPC, Upstream((), lambda _: 0), stream=False)
    packet = dns.message.make_query("web.shop.local", "A").to_wire()
    first = [next(lines(reply_of(resolver, packet))) for _ in range(4000)]
    assert set(first) == {f"web.shop.local. {TTL} A 10.0.0.{number}" for number in range(1, 41)}
    assert len(set(first[:16])) == 16


def test_a_new_namespace_invalidates_cached_answers():
    cloud = Cloud(NAMESPACES[0])
    resolver = Resolver(cloud.zones, OTHER_VPC, Upstream((), lambda _: 0), stream=False)
    packet = dns.message.make_query("web.a.shop.local", "A").to_wire()
    assert reply_of(resolver, packet).rcode() == dns.rcode.SERVFAIL
    within = NAMESPACES[1]
    first_service = service("web", within)
    cloud.put(within, first_service, instance(first_service, "i", INSTANCE_IPV4="10.0.0.1"))
    assert len(reply_of(resolver, packet).answer) == 1
    cloud.delete(within)
    assert reply_of(resolver, packet).rcode() == dns.rcode.SERVFAIL
