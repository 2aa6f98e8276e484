"""Load balancers' use of other services: EC2's interfaces, subnets, security groups and gateways; certificates."""

from __future__ import annotations

import pytest

from tests.contract.api.asking import code, filters_of
from tests.contract.api.elb import fixed_response, forward


def interfaces(elb, *filters):
    return elb.ec2.describe_network_interfaces(Filters=filters_of(*filters))["NetworkInterfaces"]


def test_terraform_finds_the_interfaces_of_a_load_balancer_until_it_is_deleted(elb, balancer):
    described = f"ELB {balancer.partition(':loadbalancer/')[2]}"
    filters = [("attachment.instance-owner-id", "amazon-elb"), ("description", described)]
    interface_records = interfaces(elb, *filters)
    assert [interface["SubnetId"] for interface in interface_records] != []
    assert {interface["SubnetId"] for interface in interface_records} == set(elb.subnets[:2])
    for interface in interface_records:
        assert (interface["RequesterId"], interface["InterfaceType"], interface["Status"]) == (
            "amazon-elb",
            "interface",
            "in-use",
        )
        assert interface["Association"]["IpOwnerId"] == "amazon-elb"
        assert interface["Association"]["PublicIp"].startswith("127.83.")
    ids = [interface["NetworkInterfaceId"] for interface in interface_records]
    by_id = elb.ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    assert {interface["NetworkInterfaceId"] for interface in by_id} == set(ids)
    elb.client.delete_load_balancer(LoadBalancerArn=balancer)
    assert interfaces(elb, *filters) == []


def test_interfaces_of_a_network_load_balancer_have_another_owner(elb):
    elb.load_balancer("flows", Type="network", Scheme="internal")
    described = interfaces(elb, ("attachment.instance-owner-id", "amazon-aws"), ("requester-id", "amazon-elb"))
    assert len(described) == 2
    assert {one["InterfaceType"] for one in described} == {"network_load_balancer"}
    assert all("Association" not in one for one in described)


def test_subnets_and_gateways_of_a_load_balancer_stay(elb, balancer):
    assert code(elb.ec2.delete_subnet, SubnetId=elb.subnets[0]) == "DependencyViolation"
    [gateway] = elb.ec2.describe_internet_gateways()["InternetGateways"]
    detach = {"InternetGatewayId": gateway["InternetGatewayId"], "VpcId": elb.vpc}
    assert code(elb.ec2.detach_internet_gateway, **detach) == "DependencyViolation"
    assert code(elb.ec2.delete_vpc, VpcId=elb.vpc) == "DependencyViolation"
    elb.ec2.delete_subnet(SubnetId=elb.subnets[2])
    elb.client.delete_load_balancer(LoadBalancerArn=balancer)
    elb.ec2.delete_subnet(SubnetId=elb.subnets[0])
    elb.ec2.detach_internet_gateway(**detach)


def new_group(elb, name="lb"):
    return elb.ec2.create_security_group(VpcId=elb.vpc, GroupName=name, Description=name)["GroupId"]


def test_security_groups_of_a_load_balancer_stay_until_it_has_others(elb):
    first, second = new_group(elb, "first"), new_group(elb, "second")
    created = elb.load_balancer("web", SecurityGroups=[first])
    assert created["SecurityGroups"] == [first]
    assert len(interfaces(elb, ("group-id", first))) == 2
    assert code(elb.ec2.delete_security_group, GroupId=first) == "DependencyViolation"
    arn = created["LoadBalancerArn"]
    answer = elb.client.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[second])
    assert answer["SecurityGroupIds"] == [second]
    assert len(interfaces(elb, ("group-id", second))) == 2
    elb.ec2.delete_security_group(GroupId=first)
    assert elb.client.describe_load_balancers()["LoadBalancers"][0]["SecurityGroups"] == [second]


def test_a_subnet_that_stays_keeps_its_node(elb, installation, balancer):
    def nodes():
        [record] = installation.store.world.load_balancers
        return {node.subnet: node.interface for node in record.nodes}

    before = nodes()
    answer = elb.client.set_subnets(LoadBalancerArn=balancer, Subnets=elb.subnets[1:3])
    assert [zone["SubnetId"] for zone in answer["AvailabilityZones"]] == elb.subnets[1:3]
    assert nodes()[elb.subnets[1]] == before[elb.subnets[1]]
    assert elb.subnets[0] not in nodes()
    elb.ec2.delete_subnet(SubnetId=elb.subnets[0])


def test_a_load_balancer_as_a_target_follows_its_nodes(elb, installation, balancer, listener):
    front = elb.target_group("front", Protocol="TCP", TargetType="alb")["TargetGroupArn"]
    elb.client.register_targets(TargetGroupArn=front, Targets=[{"Id": balancer}])
    elb.client.set_subnets(LoadBalancerArn=balancer, Subnets=elb.subnets[1:3])
    [record], [target] = installation.store.world.load_balancers, installation.store.world.targets
    assert (target.address, target.zone) == (record.nodes[0].interface.address, "us-east-1b")


def test_subnets_of_a_network_load_balancer_are_only_added(elb):
    arn = elb.load_balancer("flows", Type="network", Subnets=elb.subnets[:1])["LoadBalancerArn"]
    mappings = [{"SubnetId": subnet} for subnet in elb.subnets[:2]]
    assert len(elb.client.set_subnets(LoadBalancerArn=arn, SubnetMappings=mappings)["AvailabilityZones"]) == 2
    assert code(elb.client.set_subnets, LoadBalancerArn=arn, Subnets=elb.subnets[:1]) == "InvalidSubnet"
    groups = [new_group(elb)]
    refused = code(elb.client.set_security_groups, LoadBalancerArn=arn, SecurityGroups=groups)
    assert refused == "InvalidConfigurationRequest"


def test_an_internet_facing_load_balancer_needs_an_internet_gateway(elb, net):
    other = elb.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.2.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    subnets = [net.subnet, other["SubnetId"]]
    refused = code(elb.client.create_load_balancer, Name="web", Subnets=subnets)
    assert refused == "InvalidSubnet"
    assert elb.load_balancer("web", Subnets=subnets, Scheme="internal")["VpcId"] == net.vpc
    mixed = code(elb.client.create_load_balancer, Name="mixed", Subnets=[net.subnet, elb.subnets[1]])
    assert mixed == "InvalidConfigurationRequest"
    foreign = {"Name": "foreign", "Subnets": elb.subnets[:2], "SecurityGroups": [net.group]}
    assert code(elb.client.create_load_balancer, **foreign) == "InvalidConfigurationRequest"
    elsewhere = elb.target_group("elsewhere", VpcId=net.vpc)["TargetGroupArn"]
    at_home = elb.load_balancer("home")["LoadBalancerArn"]
    settings = {"LoadBalancerArn": at_home, "Protocol": "HTTP", "Port": 80, "DefaultActions": [forward(elsewhere)]}
    assert code(elb.client.create_listener, **settings) == "ValidationError"


def test_nodes_of_network_load_balancers_have_elastic_addresses(elb):
    elastic = elb.ec2.allocate_address()
    mappings = [{"SubnetId": elb.subnets[0], "AllocationId": elastic["AllocationId"]}]
    created = elb.load_balancer("flows", Type="network", Subnets=[], SubnetMappings=mappings)
    shown = {"IpAddress": elastic["PublicIp"], "AllocationId": elastic["AllocationId"]}
    assert created["AvailabilityZones"][0]["LoadBalancerAddresses"] == [shown]
    assert elb.load_balancer("flows", Type="network", Subnets=[], SubnetMappings=mappings) == created
    [interface] = interfaces(elb, ("requester-id", "amazon-elb"))
    assert interface["Association"]["PublicIp"] == elastic["PublicIp"]
    [address] = elb.ec2.describe_addresses()["Addresses"]
    assert address["NetworkInterfaceId"] == interface["NetworkInterfaceId"]
    assert code(elb.ec2.release_address, AllocationId=elastic["AllocationId"]) == "InvalidIPAddress.InUse"
    arn = created["LoadBalancerArn"]
    elb.client.set_subnets(LoadBalancerArn=arn, SubnetMappings=mappings)
    other = elb.ec2.allocate_address()["AllocationId"]
    moved = [{**mappings[0], "AllocationId": other}]
    refused = code(elb.client.set_subnets, LoadBalancerArn=arn, SubnetMappings=moved)
    assert refused == "InvalidConfigurationRequest"
    again = {"Name": "again", "Type": "network", "SubnetMappings": mappings}
    assert code(elb.client.create_load_balancer, **again) == "InvalidConfigurationRequest"
    assert code(elb.client.create_load_balancer, **again, Scheme="internal") == "InvalidConfigurationRequest"
    absent = [{**mappings[0], "AllocationId": "eipalloc-0"}]
    refused = code(elb.client.create_load_balancer, Name="x", Type="network", SubnetMappings=absent)
    assert refused == "AllocationIdNotFound"
    elb.client.delete_load_balancer(LoadBalancerArn=arn)
    elb.ec2.release_address(AllocationId=elastic["AllocationId"])


@pytest.fixture
def https(elb, balancer):
    """The ARN of a listener with TLS, and the ARN of its certificate."""
    certificate = elb.certificate()
    settings = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}]}
    listener = elb.listener(balancer, "", 443, DefaultActions=[fixed_response()], **settings)
    assert listener["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    assert listener["Certificates"] == [{"CertificateArn": certificate}]
    return listener["ListenerArn"], certificate


def test_a_certificate_of_a_listener_is_in_use(elb, installation, balancer, https):
    _, certificate = https
    acm = installation.client("acm")
    assert acm.describe_certificate(CertificateArn=certificate)["Certificate"]["InUseBy"] == [balancer]
    assert code(acm.delete_certificate, CertificateArn=certificate) == "ResourceInUseException"
    elb.client.delete_load_balancer(LoadBalancerArn=balancer)
    acm.delete_certificate(CertificateArn=certificate)


def test_more_certificates_are_added_and_removed(elb, installation, https):
    listener, default = https
    other = elb.certificate("shop.example.com")
    added_certificates = [{"CertificateArn": other}]
    added = elb.client.add_listener_certificates(ListenerArn=listener, Certificates=added_certificates)["Certificates"]
    assert added == [{"CertificateArn": other, "IsDefault": False}]
    assert (
        elb.client.add_listener_certificates(ListenerArn=listener, Certificates=added_certificates)["Certificates"]
        == added
    )
    described = elb.client.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert {item["CertificateArn"]: item["IsDefault"] for item in described} == {default: True, other: False}
    assert code(installation.client("acm").delete_certificate, CertificateArn=other) == "ResourceInUseException"
    refused = code(
        elb.client.remove_listener_certificates, ListenerArn=listener, Certificates=[{"CertificateArn": default}]
    )
    assert refused == "OperationNotPermitted"
    changed = elb.client.modify_listener(ListenerArn=listener, Certificates=added_certificates)["Listeners"][0]
    assert changed["Certificates"] == added_certificates
    installation.client("acm").delete_certificate(CertificateArn=default)
    elb.client.remove_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": default}])


def test_a_listener_that_loses_tls_loses_what_it_presents(elb, https):
    listener, certificate = https
    changed = elb.client.modify_listener(ListenerArn=listener, Protocol="HTTP")["Listeners"][0]
    assert "SslPolicy" not in changed
    assert changed.get("Certificates", []) == []
    assert code(elb.client.modify_listener, ListenerArn=listener, Protocol="HTTPS") == "ValidationError"
    policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    settings = {"Protocol": "HTTPS", "SslPolicy": policy, "Certificates": [{"CertificateArn": certificate}]}
    changed = elb.client.modify_listener(ListenerArn=listener, **settings)["Listeners"][0]
    assert (changed["SslPolicy"], changed["Protocol"]) == (policy, "HTTPS")
