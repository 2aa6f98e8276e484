"""The properties of an App Mesh proxy configuration: what is read from them, and what is no configuration."""

from __future__ import annotations

import re

import pytest

from moyai.domain.ecs.environment import KeyValuePair
from moyai.domain.ecs.proxy_configuration import Properties, ProxyConfiguration, read_properties

WALKTHROUGH = {
    "IgnoredUID": "1337",
    "ProxyIngressPort": "15000",
    "ProxyEgressPort": "15001",
    "AppPorts": "8080",
    "EgressIgnoredIPs": "169.254.170.2,169.254.169.254",
}


def configuration(properties: dict[str, str]) -> ProxyConfiguration:
    pairs = tuple(KeyValuePair(name, value) for name, value in properties.items())
    return ProxyConfiguration("envoy", "APPMESH", pairs)


def test_properties_of_the_walkthrough_are_parsed():
    assert read_properties(configuration(WALKTHROUGH)) == Properties(
        egress_port=15001,
        uid=1337,
        ingress_port=15000,
        app_ports=(8080,),
        ignored_ranges=("169.254.170.2/32", "169.254.169.254/32"),
    )


def test_lists_may_have_blanks_repetitions_and_ranges_of_both_families():
    texts = WALKTHROUGH | {
        "AppPorts": "8080, 9090,8080",
        "EgressIgnoredPorts": "22 ,2049",
        "EgressIgnoredIPs": "10.1.2.3/16,2001:db8::1",
    }
    read = read_properties(configuration(texts))
    assert read.app_ports == (8080, 9090)
    assert read.ignored_ports == (22, 2049)
    assert read.ignored_ranges == ("10.1.0.0/16", "2001:db8::1/128")


def test_empty_properties_equal_missing_ones():
    empty = {"IgnoredGID": "", "EgressIgnoredPorts": "", "EgressIgnoredIPs": " "}
    assert read_properties(configuration(WALKTHROUGH | empty)).gid is None
    client = {"IgnoredGID": "1338", "ProxyEgressPort": "15001", "AppPorts": "", "ProxyIngressPort": ""}
    assert read_properties(configuration(client)) == Properties(egress_port=15001, gid=1338)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"IgnoredUID": ""}, "IgnoredUID or IgnoredGID must be specified."),
        ({"IgnoredUID": "envoy"}, "IgnoredUID can't be 'envoy'."),
        ({"IgnoredUID": "1337,1338"}, "IgnoredUID is one value, not '1337,1338'."),
        ({"ProxyEgressPort": ""}, "ProxyEgressPort must be specified."),
        ({"ProxyEgressPort": "15002"}, "ProxyEgressPort must be 15001, where App Mesh's proxy listens, not 15002."),
        ({"ProxyIngressPort": "80"}, "ProxyIngressPort must be 15000, where App Mesh's proxy listens, not 80."),
        ({"AppPorts": ""}, "ProxyIngressPort and AppPorts must be specified together."),
        ({"ProxyIngressPort": ""}, "ProxyIngressPort and AppPorts must be specified together."),
        ({"AppPorts": "0"}, "AppPorts can't be '0'."),
        ({"AppPorts": "80,"}, "AppPorts can't be '80,'."),
        ({"AppPorts": "99999999999"}, "AppPorts can't be '99999999999'."),
        ({"AppPorts": "8080,15000"}, "AppPorts can't contain a port of the proxy."),
        ({"EgressIgnoredPorts": "22-25"}, "EgressIgnoredPorts can't be '22-25'."),
        ({"EgressIgnoredIPs": "example.com"}, "EgressIgnoredIPs can't be 'example.com'."),
        ({"ignoredUID": "1"}, "ignoredUID is no property: they are IgnoredUID, "),
    ],
)
def test_invalid_properties_are_refused(change, what):
    with pytest.raises(ValueError, match=f"^{re.escape(what)}"):
        read_properties(configuration(WALKTHROUGH | change))


def test_a_repeated_property_is_refused():
    twice = ProxyConfiguration("envoy", properties=(KeyValuePair("IgnoredUID", "1"),) * 2)
    with pytest.raises(ValueError, match="IgnoredUID is specified twice"):
        read_properties(twice)
