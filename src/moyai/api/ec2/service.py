"""Amazon EC2's operations, as the door is given them.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from moyai.api.ec2 import groups, interfaces, subnets, vpcs, zones
from moyai.api.ec2.refused import REFUSED
from moyai.api.operation import Operation, Service, table
from moyai.domain.vpc.errors import InvalidParameterValue, MissingParameter


def _vpcs() -> Iterator[Operation[Any]]:
    yield Operation("CreateVpc", vpcs.CreateVpcRequest, vpcs.create_vpc)
    yield Operation("DescribeVpcs", vpcs.DescribeVpcsRequest, vpcs.describe_vpcs)
    yield Operation("DeleteVpc", vpcs.DeleteVpcRequest, vpcs.delete_vpc)
    yield Operation("ModifyVpcAttribute", vpcs.ModifyVpcAttributeRequest, vpcs.modify_vpc_attribute)
    yield Operation("DescribeVpcAttribute", vpcs.DescribeVpcAttributeRequest, vpcs.describe_vpc_attribute)
    yield Operation("CreateSubnet", subnets.CreateSubnetRequest, subnets.create_subnet)
    yield Operation("DescribeSubnets", subnets.DescribeSubnetsRequest, subnets.describe_subnets)
    yield Operation("DeleteSubnet", subnets.DeleteSubnetRequest, subnets.delete_subnet)
    yield Operation("ModifySubnetAttribute", subnets.ModifySubnetAttributeRequest, subnets.modify_subnet_attribute)
    given = zones.DescribeAvailabilityZonesRequest
    yield Operation("DescribeAvailabilityZones", given, zones.describe_availability_zones)
    asked = interfaces.DescribeNetworkInterfacesRequest
    yield Operation("DescribeNetworkInterfaces", asked, interfaces.describe_network_interfaces)


def _groups() -> Iterator[Operation[Any]]:
    yield Operation("CreateSecurityGroup", groups.CreateSecurityGroupRequest, groups.create_security_group)
    yield Operation("DescribeSecurityGroups", groups.DescribeSecurityGroupsRequest, groups.describe_security_groups)
    yield Operation("DeleteSecurityGroup", groups.DeleteSecurityGroupRequest, groups.delete_security_group)


EC2: Final = Service(
    name="ec2",
    input_fault=InvalidParameterValue,
    missing_fault=MissingParameter,
    refused=REFUSED,
    operations=table((*_vpcs(), *_groups())),
)
