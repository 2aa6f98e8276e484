"""Network ACLs as nftables rules."""

from __future__ import annotations

import pytest

from moyai.domain.sandbox.network_spec import AclRule, SubnetAcl
from moyai.runtime.linux.network.network_acls import acl_chains

SUBNET, SUBNET_IPV6 = "10.0.1.0/24", "fd00:1::/64"
ALL = "0.0.0.0/0"


def ingress(*rules: AclRule, family: str = "ip") -> list[str]:
    name = "acl-in-10.0.1.0-24" if family == "ip" else "acl-in-fd00-1---64"
    return list(acl_chains([SubnetAcl((SUBNET, SUBNET_IPV6), rules)], family)[name])


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (AclRule(True, "-1", ALL), "return"),
        (AclRule(False, "-1", ALL), "drop"),
        (AclRule(True, "6", "10.0.0.0/8", 80, 443), "ip saddr 10.0.0.0/8 tcp dport 80-443 return"),
        (AclRule(True, "17", ALL, 0, 65535), "meta l4proto 17 return"),
        (AclRule(True, "1", ALL, 8, None), "icmp type 8 return"),
        (AclRule(True, "1", ALL, 3, 4), "icmp type 3 icmp code 4 return"),
        (AclRule(True, "1", ALL), "meta l4proto 1 return"),
        (AclRule(False, "47", "10.2.0.0/16"), "ip saddr 10.2.0.0/16 meta l4proto 47 drop"),
    ],
)
def test_a_rule_of_a_network_acl(rule, text):
    assert ingress(rule) == [text, "drop"]


def test_each_family_has_the_rules_of_its_ranges():
    rules = (AclRule(True, "-1", ALL), AclRule(True, "58", "::/0"), AclRule(True, "6", "::/0", 22, 22))
    assert ingress(*rules) == ["return", "drop"]
    assert ingress(*rules, family="ip6") == ["meta l4proto 58 return", "tcp dport 22-22 return", "drop"]


def test_only_packets_that_cross_the_border_of_the_subnet_are_checked():
    chains = acl_chains([SubnetAcl((SUBNET,))], "ip")
    assert chains["acl-out"] == ("ip saddr 10.0.1.0/24 ip daddr != 10.0.1.0/24 jump acl-out-10.0.1.0-24",)
    assert chains["acl-in"] == ("ip daddr 10.0.1.0/24 ip saddr != 10.0.1.0/24 jump acl-in-10.0.1.0-24",)
    assert chains["border"][-2:] == ("jump acl-out", "jump acl-in")
    assert acl_chains([], "ip") == {"border": ()}


def test_a_connection_in_the_name_of_a_client_passes_only_the_border_of_the_target():
    assert acl_chains([SubnetAcl((SUBNET,))], "ip")["border"][:2] == (
        "ct mark 1 ct direction original goto acl-in",
        "ct mark 1 ct direction reply goto acl-out",
    )


def test_a_zone_id_does_not_reach_the_rules():
    hostile = AclRule(True, "-1", "fe80::%x accept\nflush ruleset\n#/64")
    assert ingress(hostile, family="ip6") == ["ip6 saddr fe80::/64 return", "drop"]
