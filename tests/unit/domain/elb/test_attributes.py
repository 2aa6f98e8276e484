"""The attributes of load balancers, listeners and target groups: their keys, their defaults and what they can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

import moyai
from moyai.domain.elb import attributes
from moyai.domain.elb.attributes import (
    DEREGISTRATION_DELAY,
    IDLE_TIMEOUT,
    PRESERVE_CLIENT_IP,
    SLOW_START,
    STICKINESS,
    attribute_values,
    attributes_of,
)
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType, Scheme
from moyai.domain.elb.rule import Listener, ListenerProtocol
from moyai.domain.elb.target_group import ProtocolVersion, TargetGroup, TargetHealthCheck, TargetProtocol, TargetType
from moyai.kernel.ids import ListenerArn, LoadBalancerArn, TargetGroupArn, VpcId
from moyai.testing.clock import EPOCH

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
BALANCER = LoadBalancer(
    arn=LoadBalancerArn(ARN + "loadbalancer/app/web/0123456789abcdef"),
    name="web",
    type=LoadBalancerType.APPLICATION,
    scheme=Scheme.INTERNET_FACING,
    vpc=VpcId("vpc-1"),
    nodes=(),
    dns_name="web-1.us-east-1.elb.localhost",
    created_at=EPOCH,
)
NETWORK = replace(BALANCER, type=LoadBalancerType.NETWORK)
LISTENER = Listener(ListenerArn(ARN + "listener/app/web/1/2"), BALANCER.arn, 80, ListenerProtocol.HTTP, EPOCH)
GROUP = TargetGroup(
    arn=TargetGroupArn(ARN + "targetgroup/tg/0123456789abcdef"),
    name="tg",
    target_type=TargetType.IP,
    protocol=TargetProtocol.HTTP,
    port=80,
    vpc=VpcId("vpc-1"),
    health_check=TargetHealthCheck(TargetProtocol.HTTP, 30, 5, 5, 2, path="/", matcher="200"),
    created_at=EPOCH,
    protocol_version=ProtocolVersion.HTTP1,
)
RECORDS: list[LoadBalancer | Listener | TargetGroup] = [
    BALANCER,
    NETWORK,
    LISTENER,
    replace(LISTENER, protocol=ListenerProtocol.TCP),
    GROUP,
    replace(GROUP, protocol_version=ProtocolVersion.GRPC),
    replace(GROUP, protocol=TargetProtocol.TCP),
]


@dataclass(frozen=True)
class Attributed:
    attributes: dict[str, str]


@pytest.mark.parametrize("record", RECORDS)
def test_every_default_is_a_possible_value_and_no_key_is_there_twice(record):
    keys = [attribute.key for attribute in attributes_of(record)]
    assert len(keys) == len(set(keys))
    for attribute in attributes_of(record):
        attribute.of(record)


def test_how_many_attributes_each_kind_has():
    assert [len(attributes_of(record)) for record in RECORDS] == [24, 9, 19, 1, 14, 15, 13]
    assert attributes_of(replace(LISTENER, protocol=ListenerProtocol.UDP)) == ()


def test_defaults_that_depend_on_the_record():
    internal = replace(BALANCER, scheme=Scheme.INTERNAL)
    assert attribute_values(internal)["ipv6.deny_all_igw_traffic"] == "true"
    assert attribute_values(BALANCER)["load_balancing.cross_zone.enabled"] == "true"
    assert attribute_values(NETWORK)["load_balancing.cross_zone.enabled"] == "false"
    tcp = replace(GROUP, protocol=TargetProtocol.TCP)
    assert not PRESERVE_CLIENT_IP.of(tcp)
    assert PRESERVE_CLIENT_IP.of(replace(tcp, target_type=TargetType.INSTANCE))
    assert PRESERVE_CLIENT_IP.of(replace(tcp, protocol=TargetProtocol.UDP))
    assert attribute_values(tcp)["stickiness.type"] == "source_ip"
    udp = attribute_values(replace(tcp, protocol=TargetProtocol.UDP))
    assert udp["deregistration_delay.connection_termination.enabled"] == "true"


def test_a_value_that_was_set_is_read():
    record = replace(BALANCER, attributes={IDLE_TIMEOUT.key: "7"})
    assert IDLE_TIMEOUT.of(record) == 7
    assert DEREGISTRATION_DELAY.of(GROUP) == 300


@pytest.mark.parametrize("text", ["", "-1", "4001", "1.5", "٣", "9" * 5000, " 7"])
def test_a_number_is_within_its_limits(text):
    with pytest.raises(ValueError, match="1 to 4000"):
        IDLE_TIMEOUT.of(Attributed({IDLE_TIMEOUT.key: text}))


def test_slow_start_may_be_zero():
    assert SLOW_START.of(Attributed({SLOW_START.key: "0"})) == 0
    with pytest.raises(ValueError, match="30 to 900, or 0"):
        SLOW_START.of(Attributed({SLOW_START.key: "29"}))


def test_a_switch_is_true_or_false():
    with pytest.raises(ValueError, match="true or false"):
        STICKINESS.of(Attributed({STICKINESS.key: "True"}))


WITHOUT_EFFECT = {
    "NETWORK_STICKINESS": "has one value",
    "PRESERVE_HOST": "changes nothing: the host is passed on as it was sent, and parity.md says so",
}
LOG_PLACES = re.compile(r"(access|connection|health_check)_logs\.s3\.(enabled|bucket|prefix)")


def test_an_attribute_that_can_be_changed_is_read_somewhere():
    package = Path(moyai.__file__).parent
    attributes_module = Path(attributes.__file__)
    readers = " ".join(path.read_text() for path in package.rglob("*.py") if path != attributes_module)
    names = {id(value): name for name, value in vars(attributes).items()}
    changeable = [a for record in RECORDS for a in attributes_of(record) if not a.refused]
    unread = {
        names.get(id(attribute), attribute.key)
        for attribute in changeable
        if not LOG_PLACES.fullmatch(attribute.key) and not re.search(rf"\b{names.get(id(attribute))}\.of\b", readers)
    }
    assert unread == set(WITHOUT_EFFECT)
