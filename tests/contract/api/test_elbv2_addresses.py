"""boto3 gives load balancers IPv6 addresses, and takes them away."""

from __future__ import annotations

import pytest

from tests.contract.api.asking import code, refusal


def test_dualstack_needs_subnets_with_ipv6_as_on_aws(elb, installation, balancer):
    settings = {"LoadBalancerArn": balancer, "IpAddressType": "dualstack"}
    refused = refusal(elb.client.set_ip_address_type, **settings)
    assert refused == ("ValidationError", "You must specify subnets with an associated IPv6 CIDR block.")
    ec2 = installation.client("ec2")
    ec2.associate_vpc_cidr_block(VpcId=elb.vpc, AmazonProvidedIpv6CidrBlock=True)
    (vpc,) = ec2.describe_vpcs(VpcIds=[elb.vpc])["Vpcs"]
    prefix = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].removesuffix("00::/56")
    zones = elb.client.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]["AvailabilityZones"]
    for number, zone in enumerate(zones):
        ec2.associate_subnet_cidr_block(SubnetId=zone["SubnetId"], Ipv6CidrBlock=f"{prefix}{number:02x}::/64")
    assert elb.client.set_ip_address_type(**settings)["IpAddressType"] == "dualstack"
    without_public = {**settings, "IpAddressType": "dualstack-without-public-ipv4"}
    error, text = refusal(elb.client.set_ip_address_type, **without_public)
    assert error == "InvalidConfigurationRequest"
    assert text.startswith("IP address type 'dualstack-without-public-ipv4' is not supported by moyai")
    (subnet,) = ec2.describe_subnets(SubnetIds=[zones[0]["SubnetId"]])["Subnets"]
    (part,) = subnet["Ipv6CidrBlockAssociationSet"]
    still_used = code(ec2.disassociate_subnet_cidr_block, AssociationId=part["AssociationId"])
    assert still_used == "DependencyViolation"
    third = elb.subnets[2]
    wider = {"LoadBalancerArn": balancer, "Subnets": elb.subnets[:3]}
    assert code(elb.client.set_subnets, **wider) == "ValidationError"
    ec2.associate_subnet_cidr_block(SubnetId=third, Ipv6CidrBlock=f"{prefix}33::/64")
    assert elb.client.set_subnets(**wider)["IpAddressType"] == "dualstack"
    description = {"Name": "description", "Values": [f"ELB {balancer.partition(':loadbalancer/')[2]}"]}

    def node_addresses() -> list[str]:
        nodes = ec2.describe_network_interfaces(Filters=[description])["NetworkInterfaces"]
        return [entry["Ipv6Address"] for node in nodes for entry in node["Ipv6Addresses"]]

    assert len(set(node_addresses())) == 3
    elb.client.set_ip_address_type(LoadBalancerArn=balancer, IpAddressType="ipv4")
    assert node_addresses() == []
    ec2.disassociate_subnet_cidr_block(AssociationId=part["AssociationId"])


IPV4_BALANCER = "You cannot associate an IPv6 target group with a load balancer that has an 'ipv4' IP address type"


def give_ipv6(elb, *subnets: str) -> list[str]:
    """Give the VPC and some of its subnets IPv6; the ranges of the subnets, without their lengths."""
    elb.ec2.associate_vpc_cidr_block(VpcId=elb.vpc, AmazonProvidedIpv6CidrBlock=True)
    (vpc,) = elb.ec2.describe_vpcs(VpcIds=[elb.vpc])["Vpcs"]
    prefix = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].removesuffix("00::/56")
    ranges = [f"{prefix}{number:02x}::" for number in range(len(subnets))]
    for subnet, start in zip(subnets, ranges, strict=True):
        elb.ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=f"{start}/64")
    return ranges


def test_a_target_group_of_ipv6_takes_addresses_of_the_vpcs_subnets(elb):
    wanted = {"Protocol": "HTTP", "Port": 80, "VpcId": elb.vpc, "TargetType": "ip", "IpAddressType": "ipv6"}
    assert code(elb.client.create_target_group, Name="six", **wanted) == "ValidationError"
    first, _ = give_ipv6(elb, *elb.subnets[:2])
    for refused in ({"TargetType": "instance"}, {"Protocol": "UDP"}, {"IpAddressType": "ipv7"}):
        assert code(elb.client.create_target_group, Name="six", **{**wanted, **refused}) == "ValidationError"
    group = elb.target_group("six", IpAddressType="ipv6")
    assert group["IpAddressType"] == "ipv6"
    assert code(elb.client.create_target_group, Name="six", **{**wanted, "IpAddressType": "ipv4"}) == (
        "DuplicateTargetGroupName"
    )
    at = {"TargetGroupArn": group["TargetGroupArn"]}
    assert refusal(elb.client.register_targets, **at, Targets=[{"Id": "172.31.0.9"}]) == (
        "ValidationError",
        "The IP address '172.31.0.9' is not a valid IPv6 address",
    )
    assert code(elb.client.register_targets, **at, Targets=[{"Id": "2001:db8::1"}]) == "InvalidTarget"
    elb.client.register_targets(**at, Targets=[{"Id": f"{first.upper()}0:0A"}, {"Id": f"{first}a"}])
    elb.client.register_targets(**at, Targets=[{"Id": f"{first.removesuffix('::')}:0000:0000:0000:000a"}])
    (description,) = elb.client.describe_target_health(**at)["TargetHealthDescriptions"]
    assert description["Target"]["Id"] == f"{first}a"
    elb.client.deregister_targets(**at, Targets=[{"Id": f"{first}000a"}])
    assert elb.client.describe_target_health(**at)["TargetHealthDescriptions"] == []
    four = elb.target_group("four")["TargetGroupArn"]
    assert refusal(elb.client.register_targets, TargetGroupArn=four, Targets=[{"Id": f"{first}a"}]) == (
        "ValidationError",
        f"The IP address '{first}a' is not a valid IPv4 address",
    )


@pytest.mark.parametrize("zone", ["%a b", "%lo", "%" + "a" * 100_000, "%", "%25lo\n", " ", "\n"])
def test_a_target_is_an_ipv6_address_without_a_zone(elb, zone):
    (first,) = give_ipv6(elb, elb.subnets[0])
    at = {"TargetGroupArn": elb.target_group("six", IpAddressType="ipv6")["TargetGroupArn"]}
    targets = [{"Id": f"{first}a{zone}"}]
    refused = ("ValidationError", f"The IP address '{targets[0]['Id'][:200]}' is not a valid IPv6 address")
    assert refusal(elb.client.register_targets, **at, Targets=targets) == refused
    assert refusal(elb.client.deregister_targets, **at, Targets=targets) == refused
    assert refusal(elb.client.describe_target_health, **at, Targets=targets) == refused
    assert elb.client.describe_target_health(**at)["TargetHealthDescriptions"] == []


def test_a_target_group_of_ipv6_needs_a_load_balancer_of_dualstack(elb):
    give_ipv6(elb, *elb.subnets[:2])
    group = elb.target_group("six", IpAddressType="ipv6")["TargetGroupArn"]
    balancer = elb.load_balancer()["LoadBalancerArn"]
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    settings = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": actions}
    refused = ("InvalidConfigurationRequest", IPV4_BALANCER)
    assert refusal(elb.client.create_listener, **settings) == refused
    elb.client.set_ip_address_type(LoadBalancerArn=balancer, IpAddressType="dualstack")
    elb.client.create_listener(**settings)
    assert refusal(elb.client.set_ip_address_type, LoadBalancerArn=balancer, IpAddressType="ipv4") == refused
    narrower = {"LoadBalancerArn": balancer, "Subnets": elb.subnets[:2], "IpAddressType": "ipv4"}
    assert refusal(elb.client.set_subnets, **narrower) == refused
