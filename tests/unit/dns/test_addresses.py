"""The names of a VPC's own addresses, and the way back."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from moyai.dns.addresses import address_zones
from tests.unit.dns.cloud import OTHER_VPC, VPC, Cloud, instance, namespace, service


def vpc_cloud(network="172.31.0.0/16", domain="ec2.internal"):
    cloud = Cloud()
    for names in address_zones(VPC, [IPv4Network(network)], domain):
        cloud.zones.add(names)
    return cloud


def test_host_names_resolve_forward_and_reverse():
    cloud = vpc_cloud()
    host, back = "ip-172-31-0-11.ec2.internal.", "11.0.31.172.in-addr.arpa."
    assert cloud.values(host) == [f"{host} 60 A 172.31.0.11"]
    assert cloud.values(back, "PTR") == [f"{back} 60 PTR {host}"]


@pytest.mark.parametrize(
    ("name", "kind", "rcode"),
    [
        ("ip-172-31-0-11.ec2.internal", "AAAA", "NOERROR"),
        ("ip-172-32-0-11.ec2.internal", "A", "NXDOMAIN"),
        ("ip-172-31-0-256.ec2.internal", "A", "NXDOMAIN"),
        ("ip-172-31-0-011.ec2.internal", "A", "NXDOMAIN"),
        ("catalog.ec2.internal", "A", "NXDOMAIN"),
        ("x.ip-172-31-0-11.ec2.internal", "A", "NXDOMAIN"),
        ("ec2.internal", "SOA", "NOERROR"),
        ("0.31.172.in-addr.arpa", "PTR", "NOERROR"),
        ("1.1.0.31.172.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("x.0.31.172.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("\\255.0.31.172.in-addr.arpa", "PTR", "NXDOMAIN"),
    ],
)
def test_names_outside_the_vpc_do_not_resolve(name, kind, rcode):
    assert vpc_cloud().rcode(name, kind) == rcode


def test_a_range_within_an_octet_answers_only_for_itself():
    cloud = vpc_cloud("10.1.16.0/20")
    assert cloud.rcode("1.17.1.10.in-addr.arpa", "PTR") == "NOERROR"
    assert cloud.rcode("1.32.1.10.in-addr.arpa", "PTR") == "NXDOMAIN"


def test_other_vpcs_and_the_host_do_not_see_them():
    cloud = vpc_cloud()
    for vpc in (OTHER_VPC, None):
        assert cloud.look("ip-172-31-0-11.ec2.internal", vpc=vpc).upstream is not None


def test_a_namespace_of_the_same_name_has_precedence():
    cloud, mine = vpc_cloud(), namespace("ec2.internal")
    web = service("web", mine)
    cloud.put(mine, web, instance(web, "i", INSTANCE_IPV4="10.0.0.1"))
    assert len(cloud.values("web.ec2.internal")) == 1
    assert cloud.rcode("ip-172-31-0-11.ec2.internal") == "NXDOMAIN"
