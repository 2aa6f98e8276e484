"""boto3 gives load balancers IPv6 addresses, and takes them away."""

from __future__ import annotations

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
