"""Hosted zones of Route 53 in DNS: records, aliases, wildcards, weights, and which zone answers."""

from __future__ import annotations

from collections import Counter

import dns.flags
import dns.message
import dns.rcode
import pytest
from dns.rdatatype import A as A_TYPE
from msgspec.structs import replace

from moyai.dns.forward import Upstream
from moyai.dns.hosted import HostedNames
from moyai.dns.resolver import Resolver
from moyai.domain.route53.zone import AliasOf, HostedZone, ResourceRecordSet, ZoneVpc, apex_records
from moyai.domain.vpc.vpc import Vpc
from moyai.kernel.ids import AccountId, HostedZoneId, Region, VpcId
from moyai.testing.world import SCOPE
from tests.unit.dns.cloud import BORN, OTHER_VPC, VPC, Cloud, lines, namespace, reply_of

A, B = "10.0.0.1", "10.0.0.2"
OTHER_ACCOUNT = AccountId("222222222222")


def zone(name: str, *vpcs: VpcId, identity: str = "") -> HostedZone:
    """A private zone of these VPCs, or a public one without any."""
    return HostedZone(
        id=HostedZoneId(identity or f"Z{name.upper()}"),
        account=AccountId("123456789012"),
        name=f"{name}.",
        caller_reference=identity or name,
        created_at=BORN,
        private=bool(vpcs),
        vpcs=tuple(ZoneVpc(Region("us-east-1"), vpc) for vpc in vpcs),
    )


def record(of: HostedZone, name: str, *values: str, kind: str = "A", **members) -> ResourceRecordSet:
    owner = f"{name}.{of.name}" if name else of.name
    ttl = None if "alias" in members else 60
    return ResourceRecordSet(of.id, owner, kind, **{"ttl": ttl, "values": values} | members)


@pytest.fixture
def shop():
    return zone("shop.test", VPC)


def cloud_of(of: HostedZone, *records: ResourceRecordSet) -> Cloud:
    cloud = Cloud()
    cloud.put(of, *apex_records(of), *records)
    return cloud


def test_records_of_every_kind_of_value(shop):
    cloud = cloud_of(
        shop,
        record(shop, "web", A, B),
        record(shop, "web", '"v=1" "two"', kind="TXT"),
        record(shop, "", "10 mail.shop.test", kind="MX"),
        record(shop, "api", "WEB.shop.test", kind="CNAME"),
    )
    assert sorted(cloud.values("web.shop.test")) == [f"web.shop.test. 60 A {A}", f"web.shop.test. 60 A {B}"]
    assert cloud.values("web.shop.test", "TXT") == ['web.shop.test. 60 TXT "v=1" "two"']
    assert cloud.values("shop.test", "MX") == ["shop.test. 60 MX 10 mail.shop.test."]
    assert cloud.values("api.shop.test")[0] == "api.shop.test. 60 CNAME web.shop.test."
    assert len(cloud.values("api.shop.test")) == 3
    assert min(cloud.values("shop.test", "NS")) == "shop.test. 172800 NS ns-0.awsdns-00.com."


def test_negative_answers_have_the_zones_own_soa(shop):
    cloud = cloud_of(shop, record(shop, "web", A), record(shop, "a.b", A))
    assert cloud.rcode("none.shop.test") == "NXDOMAIN"
    [start] = lines(cloud.ask("none.shop.test"), "authority")
    assert start == "shop.test. 900 SOA ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    assert cloud.rcode("web.shop.test", "AAAA") == "NOERROR"
    assert cloud.rcode("b.shop.test") == "NOERROR", "an empty name above another is no unknown name"


def test_a_wildcard_stands_for_names_that_do_not_exist(shop):
    cloud = cloud_of(shop, record(shop, r"\052", A), record(shop, "web", B), record(shop, "x.deep", B))
    assert cloud.values("anything.shop.test") == [f"anything.shop.test. 60 A {A}"]
    assert cloud.values("a.b.shop.test") == [f"a.b.shop.test. 60 A {A}"]
    assert cloud.values("web.shop.test") == [f"web.shop.test. 60 A {B}"]
    assert cloud.rcode("below.web.shop.test") == "NXDOMAIN", "web exists, and has no wildcard below it"
    assert cloud.values("deep.shop.test") == []
    assert (cloud.values("no.shop.test", "TXT"), cloud.rcode("no.shop.test", "TXT")) == ([], "NOERROR")


def test_an_alias_has_the_records_of_its_target(shop):
    other = zone("example.test")
    cloud = cloud_of(
        shop,
        record(shop, "", alias=AliasOf(shop.id, "web.shop.test.")),
        record(shop, "web", alias=AliasOf(other.id, "www.example.test.")),
    )
    cloud.put(other, *apex_records(other), record(other, "www", A, ttl=7))
    assert cloud.values("shop.test") == [f"shop.test. 7 A {A}"]
    assert cloud.values("shop.test", "AAAA") == []
    cloud.put(record(other, "www", B))
    assert cloud.values("shop.test") == [f"shop.test. 60 A {B}"]
    cloud.put(record(other, "www", alias=AliasOf(shop.id, "shop.test.")))
    assert cloud.rcode("shop.test") == "SERVFAIL", "a circle of aliases ends"


def test_weights_are_exact_and_no_answer_is_kept(shop):
    names = {A: 3, B: 1, "10.0.0.3": 0}
    records = [record(shop, "web", ip, set_identifier=ip, weight=weight) for ip, weight in names.items()]
    cloud = cloud_of(shop, *records)
    answers = Counter(cloud.values("web.shop.test", turn=turn)[0].rpartition(" ")[2] for turn in range(4000))
    assert set(answers) == {A, B}
    assert 2800 < answers[A] < 3200
    assert cloud.look("web.shop.test").zone is None
    cloud.put(*(record(shop, "web", ip, set_identifier=ip, weight=0) for ip in names))
    assert {cloud.values("web.shop.test", turn=turn)[0].rpartition(" ")[2] for turn in range(60)} == set(names)


def test_each_answer_has_one_of_the_latency_records(shop):
    regions = {A: Region("us-east-1"), B: Region("eu-west-1")}
    cloud = cloud_of(
        shop, *(record(shop, "web", ip, set_identifier=ip, region=region) for ip, region in regions.items())
    )
    answers = [cloud.values("web.shop.test", turn=turn) for turn in range(60)]
    assert {len(answer) for answer in answers} == {1}
    assert {answer[0].rpartition(" ")[2] for answer in answers} == set(regions)


def test_a_multivalue_answer_has_up_to_eight_values(shop):
    ips = [f"10.0.1.{number}" for number in range(10)]
    records = [record(shop, "web", ip, set_identifier=ip, multivalue=True) for ip in ips]
    cloud = cloud_of(shop, *records)
    assert len(cloud.values("web.shop.test")) == 8
    assert {value for turn in range(10) for value in cloud.values("web.shop.test", turn=turn)} == {
        f"web.shop.test. 60 A {ip}" for ip in ips
    }
    cloud.delete(*records[2:])
    assert len(cloud.values("web.shop.test")) == 2


def test_a_private_zone_is_answered_in_its_vpcs_and_on_the_host(shop):
    cloud = cloud_of(shop, record(shop, "web", A))
    assert cloud.look("web.shop.test", vpc=OTHER_VPC).upstream is not None
    assert len(cloud.values("web.shop.test", vpc=None)) == 1
    generation = cloud.zones.generation
    cloud.put(zone("shop.test", VPC, OTHER_VPC))
    assert len(cloud.values("web.shop.test", vpc=OTHER_VPC)) == 1
    assert cloud.zones.generation > generation, "no resolver keeps what it said before"
    cloud.put(zone("shop.test", OTHER_VPC))
    assert cloud.look("web.shop.test").upstream is not None


def test_the_longest_zone_answers_and_a_private_one_before_public_ones(shop):
    public, deeper = zone("shop.test", identity="ZPUBLIC"), zone("eu.shop.test")
    cloud = cloud_of(public, record(public, "web", A))
    cloud.put(deeper, *apex_records(deeper), record(deeper, "web", B))
    assert cloud.values("web.eu.shop.test") == [f"web.eu.shop.test. 60 A {B}"]
    assert cloud.rcode("a.eu.shop.test") == "NXDOMAIN"
    cloud.put(shop, *apex_records(shop))
    assert cloud.rcode("web.eu.shop.test") == "NXDOMAIN", "a VPC asks its private zones before all public ones"
    assert cloud.rcode("web.shop.test") == "NXDOMAIN"
    assert cloud.values("web.eu.shop.test", vpc=None) == [f"web.eu.shop.test. 60 A {B}"]
    assert cloud.values("web.shop.test", vpc=OTHER_VPC) == [f"web.shop.test. 60 A {A}"]
    cloud.put(namespace("eu.shop.test"))
    assert cloud.rcode("web.eu.shop.test") == "NXDOMAIN"


def test_deleted_records_and_zones_are_not_answered(shop):
    web = record(shop, "web", A)
    cloud = cloud_of(shop, web)
    assert cloud.zones.served_version(shop.id) == 1
    cloud.delete(web)
    assert cloud.rcode("web.shop.test") == "NXDOMAIN"
    cloud.delete(shop, *apex_records(shop))
    assert cloud.look("web.shop.test").upstream is not None
    assert cloud.zones.served_version(shop.id) is None


def test_a_change_of_a_record_leaves_all_others_as_they_were(shop):
    cloud = cloud_of(shop, *(record(shop, f"n{number}", A) for number in range(200)))
    [names] = cloud.zones._hosted.values()
    answers = {number: names.find((b"n%d" % number,), A_TYPE) for number in range(200)}
    cloud.put(record(shop, "n7", B), shop)
    changed = [n for n, answer in answers.items() if names.find((b"n%d" % n,), A_TYPE) is not answer]
    assert changed == [7]


def test_a_start_of_authority_with_two_values_does_not_stop_negative_answers(shop):
    cloud = cloud_of(shop)
    first, second = (f"a.test. b.test. {serial} 2 3 4 5" for serial in (1, 2))
    cloud.put(record(shop, "", first, second, kind="SOA"))
    assert cloud.rcode("none.shop.test") == "NXDOMAIN"


def test_an_error_in_a_zone_is_answered_by_servfail_and_logged_ever_more_rarely(shop, caplog):
    class BrokenNames(HostedNames):
        def find(self, owner, kind):
            raise ZeroDivisionError

    cloud = Cloud()
    cloud.zones.add(BrokenNames(shop, lambda _: 0))
    resolver = Resolver(cloud.zones, VPC, Upstream([], lambda _: 0), stream=False)
    for _ in range(5):
        response = reply_of(resolver, dns.message.make_query("web.shop.test", "A", id=7).to_wire())
        assert (response.id, response.rcode()) == (7, dns.rcode.SERVFAIL)
    assert len(caplog.records) == 3


def test_codes_of_values_are_octal(shop):
    cloud = cloud_of(shop, record(shop, "web", r'"\052 \" \\052; (1)"', kind="TXT"))
    assert cloud.values("web.shop.test", "TXT") == [r'web.shop.test. 60 TXT "* \" \\052; (1)"']


def test_public_zones_of_the_own_account_answer_first():
    own, foreign = zone("shop.test", identity="Z2"), replace(zone("shop.test", identity="Z1"), account=OTHER_ACCOUNT)
    below = replace(zone("web.shop.test"), account=OTHER_ACCOUNT)
    cloud = cloud_of(foreign, record(foreign, "web", B))
    cloud.put(below, *apex_records(below), record(below, "", B))
    cloud.put(Vpc(VPC, SCOPE, "10.0.0.0/16"))
    assert cloud.values("web.shop.test") == [f"web.shop.test. 60 A {B}"]
    cloud.put(own, *apex_records(own), record(own, "web", A))
    assert cloud.values("web.shop.test") == [f"web.shop.test. 60 A {A}"]


def test_a_name_that_a_public_zone_delegates_is_not_denied():
    parent = zone("shop.test")
    cloud = cloud_of(
        parent,
        record(parent, "eu", "ns1.provider.test.", kind="NS"),
        record(parent, "eu", "1 13 2 " + 64 * "a", kind="DS"),
        record(parent, "to", "web.eu.shop.test.", kind="CNAME"),
    )
    for name in ("eu.shop.test", "web.eu.shop.test"):
        looked_up = cloud.look(name, vpc=None)
        assert looked_up.upstream is not None
        assert not looked_up.message.flags & dns.flags.AA
        referral = cloud.look(name, vpc=None, flags=0).message
        assert list(lines(referral, "authority")) == ["eu.shop.test. 60 NS ns1.provider.test."]
    upstream = cloud.look("to.shop.test", vpc=None).upstream
    assert upstream is not None
    assert str(upstream.name) == "web.eu.shop.test."
    assert cloud.look("eu.shop.test", "DS", vpc=None).upstream is None
    assert cloud.look("us.shop.test", vpc=None).message.rcode() == dns.rcode.NXDOMAIN


def test_a_name_that_is_delegated_to_another_accounts_zone_is_answered_there():
    parent = zone("shop.test")
    cloud = cloud_of(
        parent,
        record(parent, "eu", "ns-0.awsdns-00.com.", kind="NS"),
        record(parent, "to", "web.eu.shop.test.", kind="CNAME"),
    )
    cloud.put(Vpc(VPC, SCOPE, "10.0.0.0/16"))
    assert cloud.look("web.eu.shop.test").upstream is not None
    below = replace(zone("eu.shop.test"), account=OTHER_ACCOUNT)
    cloud.put(below, *apex_records(below), record(below, "web", A))
    assert cloud.values("web.eu.shop.test") == [f"web.eu.shop.test. 60 A {A}"]
    assert cloud.values("to.shop.test")[1:] == [f"web.eu.shop.test. 60 A {A}"]
    assert cloud.rcode("none.eu.shop.test") == "NXDOMAIN"
    cloud.put(record(below, "far", "ns1.provider.test.", kind="NS"))
    assert cloud.look("a.far.eu.shop.test").upstream is not None
