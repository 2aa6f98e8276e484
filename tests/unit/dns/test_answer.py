"""Answers to queries, as Route 53 gives them for Cloud Map."""

from __future__ import annotations

from collections import Counter

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import pytest

from moyai.dns.answer import parse
from tests.unit.dns.cloud import OTHER_VPC, TTL, VPC, Cloud, instance, lines, namespace, service

SHOP = namespace("shop.local")
WEB = service("web", SHOP)
SOA = "shop.local. 15 SOA shop.local. nobody.invalid. 1 7200 900 1209600 15"


def addresses(of, count, *, healthy=lambda _: True, first=1):
    return [
        instance(of, f"i-{n}", INSTANCE_IPV4=f"10.0.{n >> 8}.{n & 255}", healthy=healthy(n))
        for n in range(first, first + count)
    ]


def test_a_service_answers_with_its_instances():
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 3))
    assert sorted(cloud.values("web.shop.local")) == [f"web.shop.local. {TTL} A 10.0.0.{n}" for n in (1, 2, 3)]
    answer = cloud.ask("web.shop.local")
    assert answer.flags & dns.flags.AA
    assert answer.flags & dns.flags.RA
    assert answer.rcode() == dns.rcode.NOERROR


def test_the_case_of_the_question_is_preserved():
    answer = Cloud(SHOP, WEB, *addresses(WEB, 1)).ask("wEb.ShOp.LOCAL")
    assert answer.question[0].name.to_text() == "wEb.ShOp.LOCAL."
    assert answer.answer[0].name.to_text() == "wEb.ShOp.LOCAL."


@pytest.mark.parametrize(
    ("name", "kind", "rcode"),
    [
        pytest.param("web.shop.local", "AAAA", "NOERROR", id="another type of a name that is there"),
        pytest.param("web.shop.local", "TYPE65500", "NOERROR", id="a type that nobody knows"),
        pytest.param("shop.local", "A", "NOERROR", id="the namespace itself"),
        pytest.param("_tcp.shop.local", "A", "NOERROR", id="a name that is only on the way to others"),
        pytest.param("web2.shop.local", "A", "NXDOMAIN", id="a name that isn't there"),
        pytest.param("x.web.shop.local", "A", "NXDOMAIN", id="below a name that is there"),
        pytest.param("empty.shop.local", "A", "NXDOMAIN", id="a service without instances"),
    ],
)
def test_negative_answers_include_the_soa(name, kind, rcode):
    job = service("_job._tcp", SHOP, "SRV")
    there = instance(job, "one", INSTANCE_IPV4="10.0.0.9", INSTANCE_PORT=80)
    answer = Cloud(SHOP, WEB, service("empty", SHOP), job, *addresses(WEB, 1), there).ask(name, kind)
    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert list(lines(answer)) == []
    assert list(lines(answer, "authority")) == [SOA]


def test_the_negative_ttl_is_the_namespaces():
    answer = Cloud(namespace("shop.local", soa_ttl=7)).ask("no.shop.local")
    assert list(lines(answer, "authority")) == [SOA.replace("15", "7")]


def test_the_apex_has_a_soa_and_a_name_server():
    cloud = Cloud(SHOP)
    assert cloud.values("shop.local", "SOA") == [SOA]
    assert cloud.values("shop.local", "NS") == ["shop.local. 15 NS shop.local."]


def test_a_service_may_be_the_namespace_itself():
    root = service(".", SHOP)
    cloud = Cloud(SHOP, root, *addresses(root, 1))
    assert cloud.values("shop.local") == [f"shop.local. {TTL} A 10.0.0.1"]


def test_at_most_eight_healthy_instances_are_answered_and_all_in_turn():
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 20, healthy=lambda n: n <= 12))
    answers = [cloud.values("web.shop.local", turn=turn) for turn in range(12)]
    assert {len(values) for values in answers} == {8}
    assert {len(set(values)) for values in answers} == {8}
    first = Counter(values[0] for values in answers)
    assert first == dict.fromkeys((f"web.shop.local. {TTL} A 10.0.0.{n}" for n in range(1, 13)), 1)


def test_without_healthy_instances_all_are_answered():
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 3, healthy=lambda _: False))
    assert len(cloud.values("web.shop.local")) == 3


def test_weighted_routing_answers_one_instance_in_equal_shares():
    first_service = service("one", SHOP, weighted=True)
    cloud = Cloud(SHOP, first_service, *addresses(first_service, 5, healthy=lambda n: n != 5))
    answers = [cloud.values("one.shop.local", turn=turn) for turn in range(8)]
    assert Counter(map(len, answers)) == {1: 8}
    assert sorted(Counter(values[0] for values in answers).values()) == [2, 2, 2, 2]


def test_the_order_of_answers_is_random():
    orders = {tuple(Cloud(SHOP, WEB, *addresses(WEB, 6), seed=seed).values("web.shop.local")) for seed in range(20)}
    assert len(orders) > 10


def test_a_service_may_have_a_and_aaaa_records():
    both = service("both", SHOP, "A", "AAAA")
    cloud = Cloud(SHOP, both, instance(both, "i", INSTANCE_IPV4="10.0.0.1", INSTANCE_IPV6="fd00::1"))
    assert cloud.values("both.shop.local") == [f"both.shop.local. {TTL} A 10.0.0.1"]
    assert cloud.values("both.shop.local", "AAAA") == [f"both.shop.local. {TTL} AAAA fd00::1"]


def test_srv_records_include_the_addresses_of_their_targets():
    job = service("_job._tcp", SHOP, "SRV")
    there = instance(job, "Node-1", INSTANCE_IPV4="10.0.0.1", INSTANCE_IPV6="fd00::1", INSTANCE_PORT=8080)
    cloud = Cloud(SHOP, job, there)
    answer = cloud.ask("_job._tcp.shop.local", "SRV")
    target = "Node-1._job._tcp.shop.local."
    assert list(lines(answer)) == [f"_job._tcp.shop.local. {TTL} SRV 1 1 8080 {target}"]
    assert list(lines(answer, "additional")) == [f"{target} {TTL} A 10.0.0.1", f"{target} {TTL} AAAA fd00::1"]
    assert cloud.values("node-1._job._tcp.shop.local") == [f"{target.lower()} {TTL} A 10.0.0.1"]
    assert cloud.rcode("_job._tcp.shop.local", "A") == "NOERROR"


def test_a_service_may_have_a_and_srv_records():
    job = service("job", SHOP, "A", "SRV")
    cloud = Cloud(SHOP, job, instance(job, "i", INSTANCE_IPV4="10.0.0.1", INSTANCE_PORT=8080))
    assert cloud.values("job.shop.local") == [f"job.shop.local. {TTL} A 10.0.0.1"]
    assert cloud.values("job.shop.local", "SRV")[0] == f"job.shop.local. {TTL} SRV 1 1 8080 i.job.shop.local."
    assert cloud.values("i.job.shop.local") == [f"i.job.shop.local. {TTL} A 10.0.0.1"]


@pytest.mark.parametrize("identity", ["x" * 64, "a..b", "."])
def test_an_id_that_is_not_a_label_has_no_srv_record(identity):
    job = service("job", SHOP, "SRV")
    cloud = Cloud(SHOP, job, instance(job, identity, INSTANCE_IPV4="10.0.0.1", INSTANCE_PORT=1))
    assert cloud.values("job.shop.local", "SRV") == [] or identity == "."


@pytest.mark.parametrize(
    "attributes",
    [{}, {"INSTANCE_IPV4": "10.0.0.256"}, {"INSTANCE_IPV4": "::1"}, {"INSTANCE_IPV4": ""}, {"INSTANCE_IPV6": "::1"}],
)
def test_invalid_addresses_are_omitted(attributes):
    cloud = Cloud(SHOP, WEB, instance(WEB, "odd", **attributes), *addresses(WEB, 1))
    assert cloud.values("web.shop.local") == [f"web.shop.local. {TTL} A 10.0.0.1"]


def test_a_cname_is_followed_within_own_zones():
    alias, far = (service(name, SHOP, "CNAME", weighted=True) for name in ("alias", "far"))
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 1), alias, instance(alias, "a", INSTANCE_CNAME="web.shop.local"))
    cloud.put(far, instance(far, "f", INSTANCE_CNAME="www.example.com"))
    assert cloud.values("alias.shop.local") == [
        f"alias.shop.local. {TTL} CNAME web.shop.local.",
        f"web.shop.local. {TTL} A 10.0.0.1",
    ]
    assert cloud.values("alias.shop.local", "CNAME") == [f"alias.shop.local. {TTL} CNAME web.shop.local."]
    beyond = cloud.look("far.shop.local").upstream
    assert beyond is not None
    assert (str(beyond.name), beyond.type.name, beyond.owner) == ("www.example.com.", "A", None)


def test_a_dangling_or_circular_cname_ends():
    here, there = (service(name, SHOP, "CNAME", weighted=True) for name in ("here", "there"))
    cloud = Cloud(SHOP, here, there, instance(here, "i", INSTANCE_CNAME="gone.shop.local"))
    assert cloud.rcode("here.shop.local") == "NXDOMAIN"
    cloud.put(instance(here, "i", INSTANCE_CNAME="there.shop.local"))
    cloud.put(instance(there, "i", INSTANCE_CNAME="here.shop.local"))
    assert cloud.rcode("here.shop.local") == "SERVFAIL"


def test_an_alias_has_the_addresses_and_the_ttl_of_the_other_name():
    lb = service("lb", SHOP, weighted=True, ttl=5)
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 2), lb, instance(lb, "i", ALIAS_DNS_NAME="web.shop.local"))
    assert sorted(cloud.values("lb.shop.local")) == [f"lb.shop.local. {TTL} A 10.0.0.{n}" for n in (1, 2)]
    cloud.put(instance(lb, "i", ALIAS_DNS_NAME="elb.example.com"))
    beyond = cloud.look("lb.shop.local").upstream
    assert beyond is not None
    assert (str(beyond.name), str(beyond.owner)) == ("elb.example.com.", "lb.shop.local.")
    cloud.put(instance(lb, "i", ALIAS_DNS_NAME="gone.shop.local"))
    assert cloud.rcode("lb.shop.local") == "NOERROR"


def test_private_names_resolve_in_their_vpc_and_on_the_host():
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 1))
    assert len(cloud.values("web.shop.local", vpc=VPC)) == 1
    assert len(cloud.values("web.shop.local", vpc=None)) == 1
    assert cloud.look("web.shop.local", vpc=OTHER_VPC).upstream is not None


def test_public_names_resolve_everywhere():
    public = namespace("example.com", vpc=None)
    www = service("www", public)
    cloud = Cloud(public, www, *addresses(www, 1))
    assert [len(cloud.values("www.example.com", vpc=vpc)) for vpc in (VPC, OTHER_VPC, None)] == [1, 1, 1]


def test_private_and_longer_namespaces_have_precedence():
    public, longer = namespace("shop.local", vpc=None, identity="ns-public"), namespace("a.shop.local")
    outside, inside = service("web", public), service("web", longer)
    cloud = Cloud(public, outside, *addresses(outside, 1), SHOP, longer, inside, *addresses(inside, 1, first=7))
    assert cloud.rcode("web.shop.local") == "NXDOMAIN"
    assert len(cloud.values("web.shop.local", vpc=OTHER_VPC)) == 1
    assert cloud.values("web.a.shop.local") == [f"web.a.shop.local. {TTL} A 10.0.0.7"]


def test_any_queries_get_a_minimal_answer():
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 3))
    assert cloud.values("web.shop.local", "ANY") == ['web.shop.local. 15 HINFO "RFC8482" ""']
    assert cloud.rcode("no.shop.local", "ANY") == "NXDOMAIN"


@pytest.mark.parametrize(
    ("how", "rcode"),
    [
        pytest.param({"kind": "AXFR"}, "REFUSED", id="a transfer"),
        pytest.param({"kind": "MAILB"}, "REFUSED", id="a meta type"),
        pytest.param({"rdclass": "CH"}, "REFUSED", id="another class"),
        pytest.param({"rdclass": "ANY"}, "REFUSED", id="any class"),
        pytest.param({"use_edns": 1}, "BADVERS", id="EDNS of the future"),
        pytest.param({"use_edns": 0, "payload": 100}, "NOERROR", id="EDNS with a payload below the least"),
    ],
)
def test_unsupported_queries_are_refused(how, rcode):
    how = {"kind": "A", **how}
    assert Cloud(SHOP, WEB, *addresses(WEB, 1)).rcode("web.shop.local", how.pop("kind"), **how) == rcode


def test_queries_without_recursion_are_refused_outside_own_zones():
    assert Cloud(SHOP).rcode("example.com", flags=0) == "REFUSED"


def test_edns_is_answered_with_edns_and_only_then():
    cloud = Cloud(SHOP, WEB, *addresses(WEB, 1))
    assert cloud.ask("web.shop.local").edns == -1
    answer = cloud.ask("web.shop.local", use_edns=0, payload=4096)
    assert (answer.edns, answer.payload) == (0, 1232)


def test_large_answers_are_truncated_over_udp_and_complete_over_tcp():
    job = service("job", SHOP, "SRV")
    long = [instance(job, f"{n:060}", INSTANCE_IPV4=f"10.0.0.{n}", INSTANCE_PORT=80) for n in range(8)]
    cloud = Cloud(SHOP, job, *long)
    cut = cloud.ask("job.shop.local", "SRV")
    assert cut.flags & dns.flags.TC
    assert len(cut.to_wire()) <= 512
    whole = cloud.ask("job.shop.local", "SRV", stream=True)
    assert not whole.flags & dns.flags.TC
    assert len(list(lines(whole))) == 8
    assert len(list(lines(cloud.ask("job.shop.local", "SRV", use_edns=0, payload=1232)))) == 8


def test_packets_that_are_not_queries_are_ignored():
    assert parse(b"") is None
    assert parse(b"\0" * 11) is None
    assert parse(dns.message.make_response(dns.message.make_query("a", "A")).to_wire()) is None


@pytest.mark.parametrize(
    ("packet", "rcode"),
    [
        pytest.param(b"\0\7\1\0" + b"\0" * 8, dns.rcode.FORMERR, id="no question"),
        pytest.param(b"\0\7\1\0\0\2" + b"\0" * 6 + b"\1a\0\0\1\0\1\1b\0\0\1\0\1", dns.rcode.FORMERR, id="two"),
        pytest.param(b"\0\7\1\0\0\1" + b"\0" * 6 + b"\x3fx", dns.rcode.FORMERR, id="half a question"),
        pytest.param(b"\0\7\1\0\0\1" + b"\0" * 6 + b"\xc0\x0c\0\1\0\1", dns.rcode.FORMERR, id="a name that is itself"),
        pytest.param(b"\0\7\x29\0\0\1" + b"\0" * 6 + b"\1a\0\0\6\0\1", dns.rcode.NOTIMP, id="an update"),
        pytest.param(b"\0\7\x20\0" + b"\0" * 8, dns.rcode.NOTIMP, id="a notification"),
    ],
)
def test_malformed_queries_get_an_error(packet, rcode):
    said = parse(packet)
    assert isinstance(said, bytes)
    message = dns.message.from_wire(said)
    assert (message.id, message.rcode()) == (7, rcode)
    assert message.flags & dns.flags.QR
    assert message.opcode() == (packet[2] >> 3) & 15
