"""Terraform's and the AWS CLI's calls in their order: what was set is read back without a difference, and each waiter
ends.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/elbv2
"""

from __future__ import annotations

import pytest
from botocore.exceptions import WaiterError
from msgspec.structs import replace

from moyai.domain.elb.load_balancer import LoadBalancerState
from moyai.domain.elb.target_group import Target, TargetHealth, TargetState
from moyai.domain.world import Delete, Put
from tests.contract.api.asking import code, filters_of
from tests.contract.api.elb import forward, path

AT_ONCE = {"Delay": 0, "MaxAttempts": 1}
LOAD_BALANCER_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "30",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
"""What aws_lb sends for an application load balancer whose idle timeout is 30 seconds."""
TARGET_GROUP_ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "5",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.enabled": "true",
    "stickiness.type": "lb_cookie",
    "stickiness.lb_cookie.duration_seconds": "3600",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
"""What aws_lb_target_group sends for a group with a delay of 5 seconds and stickiness."""
HEALTH_CHECK = {
    "HealthCheckEnabled": True,
    "HealthCheckIntervalSeconds": 10,
    "HealthCheckPath": "/up",
    "HealthCheckPort": "traffic-port",
    "HealthCheckProtocol": "HTTP",
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
    "Matcher": {"HttpCode": "200-299"},
}
TAGS = [{"Key": "team", "Value": "shop"}]


def pairs(attributes):
    return [{"Key": key, "Value": value} for key, value in attributes.items()]


def as_map(answer):
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


def activate(installation):
    [balancer] = installation.store.world.load_balancers
    installation.store.apply([Put(replace(balancer, state=LoadBalancerState.ACTIVE))])


def test_aws_lb(elb, installation):
    client = elb.client
    assert code(client.describe_load_balancers, Names=["web"]) == "LoadBalancerNotFound"
    group = elb.ec2.create_security_group(VpcId=elb.vpc, GroupName="lb", Description="lb")["GroupId"]
    settings = {"Scheme": "internet-facing", "Type": "application", "IpAddressType": "ipv4", "Tags": TAGS}
    mappings = [{"SubnetId": subnet} for subnet in elb.subnets[:2]]
    created = client.create_load_balancer(Name="web", SecurityGroups=[group], SubnetMappings=mappings, **settings)
    arn = created["LoadBalancers"][0]["LoadBalancerArn"]
    activate(installation)
    client.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=pairs(LOAD_BALANCER_ATTRIBUTES))
    read = client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert read["State"] == {"Code": "active"}
    assert {key: read[key] for key in settings if key != "Tags"} == {k: v for k, v in settings.items() if k != "Tags"}
    assert read["SecurityGroups"] == [group]
    assert [zone["SubnetId"] for zone in read["AvailabilityZones"]] == elb.subnets[:2]
    attributes = as_map(client.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert attributes.items() >= LOAD_BALANCER_ATTRIBUTES.items()
    assert client.describe_capacity_reservation(LoadBalancerArn=arn).get("CapacityReservationState", []) == []
    assert client.describe_tags(ResourceArns=[arn])["TagDescriptions"] == [{"ResourceArn": arn, "Tags": TAGS}]
    client.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group])
    client.set_subnets(LoadBalancerArn=arn, SubnetMappings=mappings)
    client.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")
    assert client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"] == [read]
    client.delete_load_balancer(LoadBalancerArn=arn)
    filters = filters_of(
        ("attachment.instance-owner-id", "amazon-elb"), ("description", f"ELB {arn.partition(':loadbalancer/')[2]}")
    )
    assert elb.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"] == []


def test_aws_lb_target_group(elb):
    client = elb.client
    assert code(client.describe_target_groups, Names=["tg"]) == "TargetGroupNotFound"
    settings = {"Protocol": "HTTP", "ProtocolVersion": "HTTP1", "Port": 80, "VpcId": elb.vpc, "TargetType": "ip"}
    created = client.create_target_group(Name="tg", **settings, **HEALTH_CHECK, Tags=TAGS)["TargetGroups"][0]
    arn = created["TargetGroupArn"]
    client.modify_target_group_attributes(TargetGroupArn=arn, Attributes=pairs(TARGET_GROUP_ATTRIBUTES))
    read = client.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    assert read.items() >= (settings | HEALTH_CHECK).items()
    attributes = as_map(client.describe_target_group_attributes(TargetGroupArn=arn))
    assert attributes.items() >= TARGET_GROUP_ATTRIBUTES.items()
    assert client.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"] == TAGS
    client.modify_target_group(TargetGroupArn=arn, **HEALTH_CHECK)
    assert client.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"] == [read]
    client.delete_target_group(TargetGroupArn=arn)
    assert code(client.describe_target_groups, TargetGroupArns=[arn]) == "TargetGroupNotFound"


def test_aws_lb_listener_and_aws_lb_listener_rule(elb, balancer, group):
    client = elb.client
    created = client.create_listener(
        LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[{**forward(group), "Order": 1}], Tags=TAGS
    )["Listeners"][0]
    arn = created["ListenerArn"]
    read = client.describe_listeners(ListenerArns=[arn])["Listeners"][0]
    assert read == created
    client.modify_listener(ListenerArn=arn, Port=80, Protocol="HTTP", DefaultActions=read["DefaultActions"])
    assert client.describe_listeners(ListenerArns=[arn])["Listeners"] == [read]
    assert (
        as_map(client.describe_listener_attributes(ListenerArn=arn))["routing.http.response.server.enabled"] == "true"
    )
    priorities = [rule["Priority"] for rule in client.describe_rules(ListenerArn=arn)["Rules"]]
    assert priorities == ["default"]
    rule = client.create_rule(
        ListenerArn=arn, Priority=1, Conditions=[path("/x")], Actions=read["DefaultActions"], Tags=TAGS
    )["Rules"][0]
    client.set_rule_priorities(RulePriorities=[{"RuleArn": rule["RuleArn"], "Priority": 5}])
    changes = {"Conditions": [{k: v for k, v in rule["Conditions"][0].items() if k != "Values"}]}
    client.modify_rule(RuleArn=rule["RuleArn"], Actions=rule["Actions"], **changes)
    assert client.describe_rules(RuleArns=[rule["RuleArn"]])["Rules"] == [{**rule, "Priority": "5"}]
    assert rule["RuleArn"].rpartition("/")[0].replace(":listener-rule/", ":listener/") == arn
    client.delete_rule(RuleArn=rule["RuleArn"])
    client.delete_listener(ListenerArn=arn)
    assert code(client.describe_listeners, ListenerArns=[arn]) == "ListenerNotFound"


def test_aws_lb_target_group_attachment(elb, installation, group, listener):
    target = [{"Id": elb.address(), "Port": 8080}]
    elb.client.register_targets(TargetGroupArn=group, Targets=target)
    health = elb.client.describe_target_health(TargetGroupArn=group, Targets=target)["TargetHealthDescriptions"]
    assert health[0]["TargetHealth"]["Reason"] == "Elb.RegistrationInProgress"
    elb.client.deregister_targets(TargetGroupArn=group, Targets=target)
    health = elb.client.describe_target_health(TargetGroupArn=group, Targets=target)["TargetHealthDescriptions"]
    assert health[0]["TargetHealth"]["Reason"] == "Target.DeregistrationInProgress"
    [record] = installation.store.world.targets
    installation.store.apply([Delete(Target, record.key)])
    health = elb.client.describe_target_health(TargetGroupArn=group, Targets=target)["TargetHealthDescriptions"]
    assert health[0]["TargetHealth"]["Reason"] == "Target.NotRegistered"


def test_waiters_for_load_balancers(elb, installation, balancer):
    parameters = {"LoadBalancerArns": [balancer], "WaiterConfig": AT_ONCE}
    with pytest.raises(WaiterError):
        elb.client.get_waiter("load_balancer_available").wait(**parameters)
    activate(installation)
    elb.client.get_waiter("load_balancer_available").wait(**parameters)
    elb.client.get_waiter("load_balancer_exists").wait(**parameters)
    with pytest.raises(WaiterError):
        elb.client.get_waiter("load_balancers_deleted").wait(**parameters)
    elb.client.delete_load_balancer(LoadBalancerArn=balancer)
    elb.client.get_waiter("load_balancers_deleted").wait(**parameters)


def test_waiters_for_targets(elb, installation, group, listener):
    target = [{"Id": elb.address()}]
    parameters = {"TargetGroupArn": group, "Targets": target, "WaiterConfig": AT_ONCE}
    elb.client.register_targets(TargetGroupArn=group, Targets=target)
    with pytest.raises(WaiterError):
        elb.client.get_waiter("target_in_service").wait(**parameters)
    [record] = installation.store.world.targets
    installation.store.apply([Put(replace(record, health=TargetHealth(TargetState.HEALTHY)))])
    elb.client.get_waiter("target_in_service").wait(**parameters)
    elb.client.deregister_targets(TargetGroupArn=group, Targets=target)
    with pytest.raises(WaiterError):
        elb.client.get_waiter("target_deregistered").wait(**parameters)
    installation.store.apply([Delete(Target, record.key)])
    elb.client.get_waiter("target_deregistered").wait(**parameters)
