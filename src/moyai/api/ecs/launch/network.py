"""Validates the network configuration of a service or a task against its task definition and the VPCs of the scope.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkConfiguration.html
"""

from __future__ import annotations

from moyai.api.operation import Context
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import NetworkConfiguration
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet
from moyai.kernel.ids import SecurityGroupId, SubnetId, VpcId

_MAX_SUBNETS = 16
_MAX_GROUPS = 5


def check_network(ctx: Context, network: NetworkConfiguration | None, definition: TaskDefinition) -> None:
    """Raises InvalidParameter unless an awsvpc task definition comes with a valid network, and any other with none."""
    check_network_mode(network, definition)
    if network is None:
        return
    check_network_members(network)
    subnets, groups = network.awsvpc_configuration.subnets, network.awsvpc_configuration.security_groups
    vpcs = [_vpc_of_subnet(ctx, subnet) for subnet in subnets]
    if len(set(vpcs)) > 1:
        with_vpcs = ", ".join(f"{subnet} ({vpc})" for subnet, vpc in zip(subnets, vpcs, strict=True))
        raise InvalidParameter(f"subnets must belong to the same VPC: {with_vpcs}.")
    for group in groups:
        _check_group(ctx, group, vpcs[0])


def check_network_mode(network: NetworkConfiguration | None, definition: TaskDefinition) -> None:
    """Raises InvalidParameter for an awsvpc task definition without a network, and for any other with one."""
    if definition.network_mode is not NetworkMode.AWSVPC:
        if network is not None:
            raise InvalidParameter(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
    elif network is None:
        raise InvalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")


def check_network_members(network: NetworkConfiguration) -> None:
    """Raises InvalidParameter for a number of subnets or security groups that no network can have."""
    subnets, groups = network.awsvpc_configuration.subnets, network.awsvpc_configuration.security_groups
    if not subnets:
        raise InvalidParameter("subnets can not be empty.")
    if len(subnets) > _MAX_SUBNETS:
        raise InvalidParameter(f"subnets can have at most {_MAX_SUBNETS} items.")
    if len(groups) > _MAX_GROUPS:
        raise InvalidParameter(f"securityGroups can have at most {_MAX_GROUPS} items.")


def _vpc_of_subnet(ctx: Context, identifier: SubnetId) -> VpcId:
    subnet = find_in_scope(ctx.store.world, Subnet, ctx.scope, identifier)
    if subnet is None:
        raise InvalidParameter(
            f"Error retrieving subnet information for [{identifier}]: The subnet ID '{identifier}' does not exist"
            " (ErrorCode: InvalidSubnetID.NotFound)"
        )
    return subnet.vpc


def _check_group(ctx: Context, identifier: SecurityGroupId, vpc: VpcId) -> None:
    group = find_in_scope(ctx.store.world, SecurityGroup, ctx.scope, identifier)
    if group is None:
        raise InvalidParameter(
            f"Error retrieving security group information for [{identifier}]: The security group '{identifier}' does"
            " not exist (ErrorCode: InvalidGroup.NotFound)"
        )
    if group.vpc != vpc:
        raise InvalidParameter(
            f"Security Group {identifier} does not appear to belong to the same VPC as the input subnets."
        )
