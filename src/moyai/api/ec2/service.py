"""The operations of Amazon EC2: of its virtual private clouds.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

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

EC2: Final = ApiService(
    name="ec2",
    input_fault=InvalidParameterValue,
    missing_fault=MissingParameter,
    refused=UNSUPPORTED_MEMBERS,
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
