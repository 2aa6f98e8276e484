"""The results of health checks, and the addresses that they may call."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from moyai.domain.cloudmap.service import HealthCheckType
from moyai.domain.sandbox.state import Health
from moyai.plan.cloudmap.checks import ProbeTarget, Streak, probe_target
from tests.unit.api.cloudmap.client import CloudMapClient

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    ("outcomes", "threshold", "verdict"),
    [
        ("", 1, None),
        ("+", 1, Health.HEALTHY),
        ("-", 1, Health.UNHEALTHY),
        ("+", 2, None),
        ("-", 2, None),
        ("--", 2, Health.UNHEALTHY),
        ("--+", 2, None),
        ("--+-++", 2, Health.HEALTHY),
        ("---------", 3, Health.UNHEALTHY),
    ],
)
def test_health_changes_after_consecutive_checks(outcomes, threshold, verdict):
    streak = Streak()
    for outcome in outcomes:
        streak = streak.and_then(has_passed=outcome == "+")
    assert streak.verdict(threshold) is verdict


@pytest.mark.parametrize(
    ("attributes", "checked"),
    [
        ({"AWS_INSTANCE_IPV4": "127.83.0.4", "AWS_INSTANCE_PORT": "80"}, "127.83.0.4"),
        ({"AWS_INSTANCE_IPV6": "::1", "AWS_INSTANCE_PORT": "80"}, "::1"),
        ({"AWS_INSTANCE_IPV4": "172.31.0.4", "AWS_INSTANCE_PORT": "80"}, None),
        ({"AWS_INSTANCE_IPV4": "203.0.113.4", "AWS_INSTANCE_PORT": "80"}, None),
    ],
)
def test_addresses_outside_the_networks_are_not_checked(attributes, checked):
    cloud_map = CloudMapClient()
    check = {"Type": "HTTP", "ResourcePath": "/up"}
    cart = cloud_map.service(cloud_map.namespace("shop.example"), HealthCheckConfig=check)
    cloud_map.run_operation("RegisterInstance", ServiceId=cart, InstanceId="i", Attributes=attributes)
    [service], [instance] = cloud_map.world.discovery_services, cloud_map.world.discovery_instances
    found = probe_target(cloud_map.world, service, instance, LOOPBACK)
    expected = None if checked is None else ProbeTarget(HealthCheckType.HTTP, checked, 80, "/up", "cart.shop.example")
    assert found == expected
