"""boto3 speaks to Elastic Load Balancing: load balancers, target groups, listeners, rules and targets."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from moyai.domain.defaults import Defaults
from moyai.domain.elb.target_group import TargetHealth, TargetState
from moyai.domain.world import Put
from tests.contract.api.asking import code
from tests.contract.api.elb import PREFIX, fixed_response, forward, path


def health(elb, group, **targets):
    described = elb.client.describe_target_health(TargetGroupArn=group, **targets)["TargetHealthDescriptions"]
    return {d["Target"]["Id"]: (d["TargetHealth"]["State"], d["TargetHealth"].get("Reason")) for d in described}


def test_names_are_in_the_domain_of_the_installation(elb, installation):
    installation.store.apply([Put(Defaults(elb_domain="elb.example.test"))])
    assert re.fullmatch(r"web-\d{10}\.us-east-1\.elb\.example\.test", elb.load_balancer("web")["DNSName"])


def test_a_load_balancer_as_aws_shows_it(elb, installation):
    created = elb.load_balancer("web")
    identity = created["LoadBalancerArn"].rpartition("/")[2]
    assert created == {
        "LoadBalancerArn": f"{PREFIX}loadbalancer/app/web/{identity}",
        "DNSName": created["DNSName"],
        "CanonicalHostedZoneId": "Z35SXDOTRQ7X7K",
        "CreatedTime": created["CreatedTime"],
        "LoadBalancerName": "web",
        "Scheme": "internet-facing",
        "VpcId": elb.vpc,
        "State": {"Code": "provisioning"},
        "Type": "application",
        "AvailabilityZones": [
            {"ZoneName": f"us-east-1{zone}", "SubnetId": subnet, "LoadBalancerAddresses": []}
            for zone, subnet in zip("ab", elb.subnets, strict=False)
        ],
        "SecurityGroups": created["SecurityGroups"],
        "IpAddressType": "ipv4",
    }
    assert len(identity) == 16
    assert created["CreatedTime"].timestamp() == installation.now
    assert created["DNSName"].startswith("web-")
    assert created["DNSName"].endswith(".us-east-1.elb.localhost")
    [default] = created["SecurityGroups"]
    groups = elb.ec2.describe_security_groups(GroupIds=[default])["SecurityGroups"]
    assert groups[0]["GroupName"] == "default"
    assert elb.client.describe_load_balancers()["LoadBalancers"] == [created]
    assert elb.client.describe_load_balancers(Names=["web"])["LoadBalancers"] == [created]
    by_arn = elb.client.describe_load_balancers(LoadBalancerArns=[created["LoadBalancerArn"]])
    assert by_arn["LoadBalancers"] == [created]


def test_each_node_has_an_interface_of_its_own(elb, installation):
    elb.load_balancer("web")
    internal = elb.load_balancer("inside", Scheme="internal")
    assert internal["DNSName"].startswith("internal-inside-")
    [first, second] = installation.store.world.load_balancers
    nodes = [*first.nodes, *second.nodes]
    assert len({node.interface.address for node in nodes}) == len({node.interface.id for node in nodes}) == 4
    assert all(node.interface.public_address for node in first.nodes)
    assert len({node.interface.public_address for node in first.nodes}) == 2
    assert [node.interface.public_address for node in second.nodes] == [None, None]
    assert all(node.interface.security_groups == first.security_groups for node in first.nodes)


def test_the_default_vpc_of_a_load_balancer_is_stored(elb, installation):
    vpc = elb.load_balancer("web")["VpcId"]
    assert vpc in {record.id for record in installation.builder.world.vpcs}


def test_a_network_load_balancer_needs_one_zone_and_no_security_group(elb):
    created = elb.load_balancer("flows", Type="network", Subnets=elb.subnets[:1])
    assert "/net/flows/" in created["LoadBalancerArn"]
    assert created["CanonicalHostedZoneId"] == "Z26RNL4JYFTOTI"
    assert created.get("SecurityGroups", []) == []


def test_creation_is_idempotent_by_name(elb):
    created = elb.load_balancer("web")
    assert elb.load_balancer("web") == created
    refused = code(elb.client.create_load_balancer, Name="web", Subnets=elb.subnets[:2], Scheme="internal")
    assert refused == "DuplicateLoadBalancerName"
    group = elb.target_group("tg")
    assert elb.target_group("tg") == group
    assert code(elb.target_group, name="tg", Port=81) == "DuplicateTargetGroupName"


def test_a_target_group_as_aws_shows_it(elb):
    created = elb.target_group("tg")
    identity = created["TargetGroupArn"].rpartition("/")[2]
    assert created == {
        "TargetGroupArn": f"{PREFIX}targetgroup/tg/{identity}",
        "TargetGroupName": "tg",
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "Port": 80,
        "VpcId": elb.vpc,
        "TargetType": "ip",
        "IpAddressType": "ipv4",
        "LoadBalancerArns": [],
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": "/",
        "Matcher": {"HttpCode": "200"},
    }


def test_a_listener_and_its_rules_as_aws_shows_them(elb, balancer, group):
    listener = elb.listener(balancer, group)
    action = {
        "Type": "forward",
        "Order": 1,
        "TargetGroupArn": group,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }
    assert listener["DefaultActions"] == [action]
    assert (listener["Port"], listener["Protocol"], listener["LoadBalancerArn"]) == (80, "HTTP", balancer)
    arn = listener["ListenerArn"]
    created = elb.rule(arn, 7, Conditions=[path("/api/*")], Actions=[forward(group)])
    assert created["RuleArn"].startswith(arn.replace(":listener/", ":listener-rule/") + "/")
    assert created == {
        "RuleArn": created["RuleArn"],
        "Priority": "7",
        "Conditions": [
            {
                "Field": "path-pattern",
                "Values": ["/api/*"],
                "RegexValues": [],
                "PathPatternConfig": {"Values": ["/api/*"], "RegexValues": []},
            }
        ],
        "Actions": [action],
        "IsDefault": False,
        "Transforms": [],
    }
    [rule, default] = elb.client.describe_rules(ListenerArn=arn)["Rules"]
    assert rule == created
    assert (default["Priority"], default["IsDefault"], default["Conditions"]) == ("default", True, [])
    assert default["Actions"] == [action]
    assert elb.client.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"][0]["LoadBalancerArns"] == [
        balancer
    ]


def test_targets_are_unused_until_a_rule_uses_their_group(elb, balancer, group):
    target = elb.address()
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    [described] = elb.client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert described == {
        "Target": {"Id": target, "Port": 80, "AvailabilityZone": "us-east-1a"},
        "HealthCheckPort": "80",
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotInUse",
            "Description": "Target group is not configured to receive traffic from the load balancer",
        },
    }
    elb.listener(balancer, group)
    assert health(elb, group) == {target: ("initial", "Elb.RegistrationInProgress")}


def test_a_deregistered_target_drains_and_can_come_back(elb, installation, group, listener):
    target, store = elb.address(), installation.store
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    [record] = store.world.targets
    store.apply([Put(replace(record, health=TargetHealth(TargetState.HEALTHY)))])
    assert health(elb, group) == {target: ("healthy", None)}
    elb.client.deregister_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    assert health(elb, group) == {target: ("draining", "Target.DeregistrationInProgress")}
    assert next(iter(store.world.targets)).deregistered_at == installation.now
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    assert health(elb, group) == {target: ("initial", "Elb.RegistrationInProgress")}


def test_a_target_of_an_unused_group_goes_at_once(elb, group):
    target = elb.address()
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    elb.client.deregister_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    assert health(elb, group) == {}
    elb.client.deregister_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    asked = health(elb, group, Targets=[{"Id": target}])
    assert asked == {target: ("unused", "Target.NotRegistered")}


def test_a_deleted_load_balancer_takes_its_listeners_and_rules_along(elb, installation, balancer, group, listener):
    elb.rule(listener, Actions=[fixed_response()])
    assert code(elb.client.delete_target_group, TargetGroupArn=group) == "ResourceInUse"
    elb.client.delete_load_balancer(LoadBalancerArn=balancer)
    world = installation.store.world
    assert not list(world.load_balancers)
    assert not list(world.listeners)
    assert not list(world.rules)
    assert code(elb.client.describe_load_balancers, Names=["web"]) == "LoadBalancerNotFound"
    elb.client.delete_load_balancer(LoadBalancerArn=balancer)
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": elb.address()}])
    elb.client.delete_target_group(TargetGroupArn=group)
    assert not list(world.targets)
    assert not list(world.target_groups)
    elb.client.delete_target_group(TargetGroupArn=group)


def test_classic_load_balancers_are_refused_by_name(installation):
    classic = installation.client("elb")
    with pytest.raises(classic.exceptions.ClientError, match="Classic Load Balancers") as caught:
        classic.describe_load_balancers()
    assert caught.value.response["Error"]["Code"] == "InvalidAction"
