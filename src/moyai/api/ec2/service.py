"""The operations of Amazon EC2 for virtual private clouds.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.ec2 import (
    acl_entries,
    acls,
    addresses,
    attachments,
    dhcp,
    egress_gateways,
    endpoint_services,
    endpoints,
    flow_logs,
    gateways,
    group_rule_view,
    group_rules,
    groups,
    instances,
    interfaces,
    launch_template_versions,
    launch_templates,
    nat,
    nat_addresses,
    peerings,
    range_associations,
    regions,
    route_tables,
    routes,
    subnets,
    tags,
    vpc_attributes,
    vpcs,
    zones,
)
from moyai.api.ec2.unsupported import UNSUPPORTED_MEMBERS
from moyai.api.operation import ApiService, operations
from moyai.domain.vpc.errors import InvalidParameterValue, MissingParameter

_INSTANCES: Final = (
    "There are no instances: run tasks with the launch type FARGATE, or start moyai with container instances, "
    "`moyai up --instances 3`."
)
_CONNECTIONS: Final = "Connect VPCs with CreateVpcPeeringConnection."
_VOLUMES: Final = "Tasks keep files in volumes of their task definition, or in EFS file systems."
_GROUP_OF_VPC: Final = "A security group is used in its own VPC: create one with the same rules in the other."
_KEY_PAIRS: Final = "There are no instances to log in to: `moyai exec` opens a shell in a container."
_INSTEAD: Final = MappingProxyType(
    {
        **dict.fromkeys(("CreateFleet", "RequestSpotFleet", "RequestSpotInstances", "RunInstances"), _INSTANCES),
        **dict.fromkeys(("CreateTransitGateway", "CreateVpnConnection", "CreateVpnGateway"), _CONNECTIONS),
        **dict.fromkeys(("AttachVolume", "CreateVolume"), _VOLUMES),
        **dict.fromkeys(("CreateKeyPair", "ImportKeyPair"), _KEY_PAIRS),
        "AssociateSecurityGroupVpc": _GROUP_OF_VPC,
        "DisassociateSecurityGroupVpc": "A security group is used in its own VPC only: there is no association to end.",
        "CreateNetworkInterface": "Tasks, load balancers and NAT gateways get their interfaces when they are created.",
        "CreateDefaultSubnet": "The default VPC has a subnet in each zone; after DeleteSubnet, CreateSubnet adds one.",
    }
)

EC2: Final = ApiService(
    name="ec2",
    input_fault=InvalidParameterValue,
    missing_fault=MissingParameter,
    refused=UNSUPPORTED_MEMBERS,
    instead=_INSTEAD,
    operations=operations(
        acl_entries,
        acls,
        addresses,
        attachments,
        dhcp,
        egress_gateways,
        endpoint_services,
        endpoints,
        flow_logs,
        gateways,
        group_rule_view,
        group_rules,
        groups,
        instances,
        interfaces,
        launch_template_versions,
        launch_templates,
        nat,
        nat_addresses,
        peerings,
        range_associations,
        regions,
        route_tables,
        routes,
        subnets,
        tags,
        vpc_attributes,
        vpcs,
        zones,
    ),
)
