"""Amazon EC2's operations, as the door is given them.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.ec2 import interfaces, network
from moyai.api.operation import Operation, Service, table
from moyai.domain.vpc.errors import InvalidParameterValue, MissingParameter

EC2: Final = Service(
    name="ec2",
    input_fault=InvalidParameterValue,
    missing_fault=MissingParameter,
    operations=table(
        (
            Operation("DescribeVpcs", network.DescribeVpcsRequest, network.describe_vpcs),
            Operation("DescribeSubnets", network.DescribeSubnetsRequest, network.describe_subnets),
            Operation(
                "DescribeSecurityGroups", network.DescribeSecurityGroupsRequest, network.describe_security_groups
            ),
            Operation(
                "DescribeAvailabilityZones",
                network.DescribeAvailabilityZonesRequest,
                network.describe_availability_zones,
            ),
            Operation(
                "DescribeNetworkInterfaces",
                interfaces.DescribeNetworkInterfacesRequest,
                interfaces.describe_network_interfaces,
            ),
        )
    ),
)
