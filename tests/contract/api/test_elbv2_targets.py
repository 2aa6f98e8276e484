"""boto3 registers targets of each type, and wrong ones are refused."""

from __future__ import annotations

import pytest

from tests.contract.api.asking import code
from tests.contract.api.elb import ABSENT_BALANCER, fixed_response


@pytest.mark.parametrize(
    ("targets", "error"),
    [
        ([{"Id": "8.8.8.8"}], "InvalidTarget"),
        ([{"Id": "127.0.0.1", "AvailabilityZone": "all"}], "InvalidTarget"),
        ([{"Id": "172.31.255.1"}], "InvalidTarget"),
        ([{"Id": "10.0.0.1"}], "ValidationError"),
        ([{"Id": "10.0.0.1", "AvailabilityZone": "us-east-9x"}], "InvalidTarget"),
        ([{"Id": "172.31.0.20", "AvailabilityZone": "us-east-1c"}], "InvalidTarget"),
        ([{"Id": "fd00::1"}], "ValidationError"),
        ([{"Id": "i-0123456789abcdef0"}], "ValidationError"),
        ([{"Id": "172.31.0.20"}, {"Id": "x"}], "ValidationError"),
        ([{"Id": "172.31.0.20", "QuicServerId": "0x1"}], "ValidationError"),
    ],
)
def test_wrong_targets_are_refused_and_none_is_registered(elb, installation, group, targets, error):
    assert code(elb.client.register_targets, TargetGroupArn=group, Targets=targets) == error
    assert not list(installation.store.world.targets)


def test_an_application_load_balancer_in_the_same_vpc_is_no_target_by_address(elb, balancer, group):
    description = {"Name": "description", "Values": [f"ELB {balancer.partition(':loadbalancer/')[2]}"]}
    [node, _] = elb.ec2.describe_network_interfaces(Filters=[description])["NetworkInterfaces"]
    targets = [{"Id": node["PrivateIpAddress"]}]
    assert code(elb.client.register_targets, TargetGroupArn=group, Targets=targets) == "InvalidTarget"
    streams = elb.target_group("streams", Protocol="TCP")["TargetGroupArn"]
    elb.client.register_targets(TargetGroupArn=streams, Targets=targets)


def test_targets_by_type(elb, installation, balancer, group):
    outside = [{"Id": "10.9.8.7", "Port": 8080, "AvailabilityZone": "all"}]
    elb.client.register_targets(TargetGroupArn=group, Targets=outside)
    [record] = installation.store.world.targets
    assert (record.address, record.port, record.zone) == ("10.9.8.7", 8080, "all")
    instances = elb.target_group("instances", TargetType="instance")["TargetGroupArn"]
    absent = [{"Id": "i-0123456789abcdef0"}]
    assert code(elb.client.register_targets, TargetGroupArn=instances, Targets=absent) == "InvalidTarget"
    zoned = [{"Id": "i-0123456789abcdef0", "AvailabilityZone": "all"}]
    assert code(elb.client.register_targets, TargetGroupArn=instances, Targets=zoned) == "ValidationError"
    front = elb.target_group("front", Protocol="TCP", TargetType="alb")["TargetGroupArn"]
    target = [{"Id": balancer}]
    assert code(elb.client.register_targets, TargetGroupArn=front, Targets=target) == "InvalidTarget"
    assert code(elb.client.register_targets, TargetGroupArn=front, Targets=[{"Id": ABSENT_BALANCER}]) == "InvalidTarget"
    elb.listener(balancer, "", 80, DefaultActions=[fixed_response()])
    elb.client.register_targets(TargetGroupArn=front, Targets=target)
    unknown = {"TargetGroupArn": group, "Targets": [{"Id": "not an address"}]}
    assert code(elb.client.describe_target_health, **unknown) == "ValidationError"
    assert code(elb.client.deregister_targets, **unknown) == "ValidationError"


def test_anomaly_detection_is_shown_on_demand(elb, group):
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": elb.address()}])
    asked = elb.client.describe_target_health(TargetGroupArn=group, Include=["AnomalyDetection"])
    [described] = asked["TargetHealthDescriptions"]
    assert described["AnomalyDetection"] == {"Result": "normal", "MitigationInEffect": "no"}
