"""Resources that tools create beside a VPC's networks: endpoints, DHCP options, flow logs, gateways, NAT addresses."""

from __future__ import annotations

import pytest

from moyai.domain.vpc.default import default_vpc
from moyai.testing.world import SCOPE
from tests.contract.api.asking import code, filters_of, tag_specification

OWN = default_vpc(SCOPE)


def test_gateway_endpoints_have_route_tables(ec2, net):
    [table] = ec2.describe_route_tables(Filters=filters_of(("vpc-id", net.vpc)))["RouteTables"]
    wanted = {"VpcId": net.vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": [table["RouteTableId"]]}
    created = ec2.create_vpc_endpoint(**wanted, TagSpecifications=tag_specification("vpc-endpoint", Name="s3"))
    endpoint = created["VpcEndpoint"]
    assert (endpoint["State"], endpoint["VpcEndpointType"]) == ("available", "Gateway")
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["VpcEndpoints"] == [endpoint]
    assert ec2.describe_vpc_endpoints(Filters=filters_of(("tag:Name", "s3")))["VpcEndpoints"] == [endpoint]
    identity = endpoint["VpcEndpointId"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=identity, RemoveRouteTableIds=[table["RouteTableId"]], PolicyDocument='{"Statement": []}'
    )
    [changed] = ec2.describe_vpc_endpoints(VpcEndpointIds=[identity])["VpcEndpoints"]
    assert (changed["RouteTableIds"], changed["PolicyDocument"]) == ([], '{"Statement": []}')
    assert code(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"
    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=[identity, "vpce-0"])["Unsuccessful"]
    assert [(one["ResourceId"], one["Error"]["Code"]) for one in answer] == [
        ("vpce-0", "InvalidVpcEndpointId.NotFound")
    ]
    assert code(ec2.describe_vpc_endpoints, VpcEndpointIds=[identity]) == "InvalidVpcEndpointId.NotFound"


def test_interface_endpoints_have_subnets_and_groups(ec2, net):
    wanted = {"VpcId": net.vpc, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.us-east-1.ecr.dkr"}
    endpoint = ec2.create_vpc_endpoint(**wanted, SubnetIds=[net.subnet], PrivateDnsEnabled=True)["VpcEndpoint"]
    assert (endpoint["SubnetIds"], endpoint["PrivateDnsEnabled"]) == ([net.subnet], True)
    assert [group["GroupName"] for group in endpoint["Groups"]] == ["default"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], AddSecurityGroupIds=[net.group])
    [changed] = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["VpcEndpoints"]
    assert {group["GroupName"] for group in changed["Groups"]} == {"default", "web"}
    assert code(ec2.create_vpc_endpoint, **wanted, RouteTableIds=["rtb-0"]) == "InvalidParameterCombination"
    assert code(ec2.create_vpc_endpoint, **{**wanted, "ServiceName": "com.example.x"}) == "InvalidServiceName"
    foreign = OWN.subnets[0].id
    assert code(ec2.create_vpc_endpoint, **wanted, SubnetIds=[foreign]) == "InvalidParameterValue"


def test_endpoint_services_and_prefix_lists(ec2):
    gateways = ec2.describe_vpc_endpoint_services(Filters=filters_of(("service-type", "Gateway")))["ServiceNames"]
    assert gateways == ["com.amazonaws.us-east-1.dynamodb", "com.amazonaws.us-east-1.s3"]
    [service] = ec2.describe_vpc_endpoint_services(ServiceNames=["com.amazonaws.us-east-1.ecr.dkr"])["ServiceDetails"]
    assert service["BaseEndpointDnsNames"] == ["dkr.ecr.us-east-1.amazonaws.com"]
    [prefixes] = ec2.describe_prefix_lists(Filters=filters_of(("prefix-list-name", gateways[1])))["PrefixLists"]
    assert prefixes["Cidrs"] == []
    [managed] = ec2.describe_managed_prefix_lists(PrefixListIds=[prefixes["PrefixListId"]])["PrefixLists"]
    assert managed["PrefixListName"] == gateways[1]
    assert ec2.get_managed_prefix_list_entries(PrefixListId=prefixes["PrefixListId"])["Entries"] == []
    assert code(ec2.describe_prefix_lists, PrefixListIds=["pl-0"]) == "InvalidPrefixListID.NotFound"


def test_dhcp_options(ec2, net):
    [vpc] = ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"]
    [default] = ec2.describe_dhcp_options(DhcpOptionsIds=[vpc["DhcpOptionsId"]])["DhcpOptions"]
    assert default["DhcpConfigurations"][0] == {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]}
    configurations = [
        {"Key": "domain-name", "Values": ["shop.internal"]},
        {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]},
    ]
    options = ec2.create_dhcp_options(DhcpConfigurations=configurations)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=net.vpc)
    assert ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["DhcpOptionsId"] == options
    assert code(ec2.delete_dhcp_options, DhcpOptionsId=options) == "DependencyViolation"
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=net.vpc)
    ec2.delete_dhcp_options(DhcpOptionsId=options)
    assert code(ec2.describe_dhcp_options, DhcpOptionsIds=[options]) == "InvalidDhcpOptionsID.NotFound"
    own_servers = [{"Key": "domain-name-servers", "Values": ["10.0.0.53"]}]
    assert code(ec2.create_dhcp_options, DhcpConfigurations=own_servers) == "InvalidParameterValue"


def test_flow_logs_say_that_nothing_is_delivered(ec2, net):
    wanted = {"ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "flows", "ClientToken": "once"}
    [identity] = ec2.create_flow_logs(**wanted, ResourceIds=[net.vpc])["FlowLogIds"]
    assert ec2.create_flow_logs(**wanted, ResourceIds=[net.vpc])["FlowLogIds"] == [identity]
    [log] = ec2.describe_flow_logs(FlowLogIds=[identity])["FlowLogs"]
    assert (log["FlowLogStatus"], log["DeliverLogsStatus"]) == ("ACTIVE", "FAILED")
    assert "moyai" in log["DeliverLogsErrorMessage"]
    assert ec2.describe_flow_logs(Filter=filters_of(("resource-id", net.vpc)))["FlowLogs"] == [log]
    assert code(ec2.create_flow_logs, **wanted, ResourceIds=[OWN.id]) == "IdempotentParameterMismatch"
    assert code(ec2.create_flow_logs, **wanted, ResourceIds=["vpc-0"]) == "InvalidVpcID.NotFound"
    ec2.delete_flow_logs(FlowLogIds=[identity])
    assert ec2.describe_flow_logs()["FlowLogs"] == []


def test_egress_only_gateways(ec2, net):
    created = ec2.create_egress_only_internet_gateway(VpcId=net.vpc)["EgressOnlyInternetGateway"]
    assert created["Attachments"] == [{"VpcId": net.vpc, "State": "attached"}]
    identity = created["EgressOnlyInternetGatewayId"]
    ec2.create_tags(Resources=[identity], Tags=[{"Key": "Name", "Value": "out"}])
    [listed] = ec2.describe_egress_only_internet_gateways(Filters=filters_of(("tag:Name", "out")))[
        "EgressOnlyInternetGateways"
    ]
    assert listed["EgressOnlyInternetGatewayId"] == identity
    assert code(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"
    assert ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=identity)["ReturnCode"] is True


@pytest.fixture
def nat(ec2):
    """A NAT gateway in the default VPC, and the ids of two free addresses."""
    first, *others = (ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(3))
    gateway = ec2.create_nat_gateway(SubnetId=OWN.subnets[0].id, AllocationId=first)["NatGateway"]["NatGatewayId"]
    return gateway, others


def test_secondary_addresses_of_nat_gateways(ec2, nat):
    gateway, others = nat
    free_addresses = ec2.describe_subnets(SubnetIds=[OWN.subnets[0].id])["Subnets"][0]["AvailableIpAddressCount"]
    added = ec2.associate_nat_gateway_address(NatGatewayId=gateway, AllocationIds=others)["NatGatewayAddresses"]
    assert [(address["AllocationId"], address["Status"]) for address in added] == [
        (address, "associating") for address in others
    ]
    [shown] = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
    addresses = shown["NatGatewayAddresses"]
    assert [address["IsPrimary"] for address in addresses] == [True, False, False]
    assert len({address["PrivateIp"] for address in addresses}) == 3
    assert (
        ec2.describe_subnets(SubnetIds=[OWN.subnets[0].id])["Subnets"][0]["AvailableIpAddressCount"]
        == free_addresses - 2
    )
    assert code(ec2.release_address, AllocationId=others[0]) == "InvalidIPAddress.InUse"
    primary, second, _ = (address["AssociationId"] for address in addresses)
    [described] = ec2.describe_addresses(Filters=filters_of(("association-id", second)))["Addresses"]
    assert described["AllocationId"] == others[0]
    assert code(ec2.disassociate_nat_gateway_address, NatGatewayId=gateway, AssociationIds=[primary])
    ec2.disassociate_nat_gateway_address(NatGatewayId=gateway, AssociationIds=[second])
    ec2.release_address(AllocationId=others[0])


def test_interfaces_and_addresses_of_aws_services_can_not_be_taken(installation, ec2, nat):
    task = installation.store.world.tasks[installation.builder.run(installation.builder.definition("web"))]
    [interface] = ec2.describe_network_interfaces(NetworkInterfaceIds=[task.interface.id])["NetworkInterfaces"]
    attachment = interface["Attachment"]["AttachmentId"]
    assert code(ec2.detach_network_interface, AttachmentId=attachment, Force=True) == "OperationNotPermitted"
    assert code(ec2.detach_network_interface, AttachmentId="eni-attach-0") == "InvalidAttachmentID.NotFound"
    identity = task.interface.id
    assert code(ec2.delete_network_interface, NetworkInterfaceId=identity) == "InvalidNetworkInterface.InUse"
    assert code(ec2.delete_network_interface, NetworkInterfaceId="eni-0") == "InvalidNetworkInterfaceID.NotFound"
    _, (free, _) = nat
    assert code(ec2.associate_address, AllocationId=free, NetworkInterfaceId=identity) == "OperationNotPermitted"
    assert code(ec2.associate_address, AllocationId=free, InstanceId="i-0") == "InvalidInstanceID.NotFound"
    used = [one for one in ec2.describe_addresses()["Addresses"] if "AssociationId" in one]
    assert code(ec2.disassociate_address, AssociationId=used[0]["AssociationId"]) == "AuthFailure"
    assert code(ec2.disassociate_address, AssociationId="eipassoc-0") == "InvalidAssociationID.NotFound"
    ec2.disassociate_address(PublicIp=ec2.describe_addresses(AllocationIds=[free])["Addresses"][0]["PublicIp"])
    ec2.reset_address_attribute(AllocationId=free, Attribute="domain-name")
