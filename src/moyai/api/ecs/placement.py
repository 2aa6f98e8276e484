"""Where tasks may run: task definition, platform version, network. Shared by services and RunTask.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkConfiguration.html
"""

from __future__ import annotations

from moyai.api.ecs.lookup import find_definition
from moyai.api.operation import Context
from moyai.domain.ecs.errors import ClientException, InvalidParameter, PlatformUnknown
from moyai.domain.ecs.service import NetworkConfiguration
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition, TaskDefinitionStatus
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.kernel.ids import SecurityGroupId, SubnetId, VpcId
from moyai.plan.launch import FARGATE_PLATFORM

LATEST = "LATEST"
_MAX_SUBNETS = 16
_MAX_GROUPS = 5


def runnable_definition(ctx: Context, identifier: str) -> TaskDefinition:
    """An ACTIVE revision. Raises ClientException or InvalidParameter."""
    definition = find_definition(ctx.store.world, ctx.scope, identifier)
    if definition is None:
        raise ClientException("TaskDefinition not found.")
    if definition.status is not TaskDefinitionStatus.ACTIVE:
        raise ClientException("TaskDefinition is inactive")
    return definition


def check_platform(version: str | None) -> None:
    """Raises PlatformUnknown."""
    if version not in {None, LATEST, FARGATE_PLATFORM}:
        raise PlatformUnknown(f"The specified platform does not exist. Use {LATEST} or {FARGATE_PLATFORM}.")


def checked_network(
    ctx: Context, network: NetworkConfiguration | None, definition: TaskDefinition
) -> NetworkConfiguration | None:
    """The network of an awsvpc task, which has to be given; another has none. Raises InvalidParameter."""
    if definition.network_mode is not NetworkMode.AWSVPC:
        if network is not None:
            raise InvalidParameter(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
        return None
    if network is None:
        raise InvalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    asked = network.awsvpc_configuration
    if not asked.subnets:
        raise InvalidParameter("subnets can not be empty.")
    if len(asked.subnets) > _MAX_SUBNETS:
        raise InvalidParameter(f"subnets can have at most {_MAX_SUBNETS} items.")
    if len(asked.security_groups) > _MAX_GROUPS:
        raise InvalidParameter(f"securityGroups can have at most {_MAX_GROUPS} items.")
    vpcs = [_vpc_of_subnet(ctx, subnet) for subnet in asked.subnets]
    if len(set(vpcs)) > 1:
        apart = ", ".join(f"{subnet} ({vpc})" for subnet, vpc in zip(asked.subnets, vpcs, strict=True))
        raise InvalidParameter(f"subnets must belong to the same VPC: {apart}.")
    for group in asked.security_groups:
        _check_group(ctx, group, vpcs[0])
    return network


def _vpc_of_subnet(ctx: Context, subnet: SubnetId) -> VpcId:
    found = find_in_scope(ctx.store.world, Subnet, ctx.scope, subnet)
    if found is None:
        raise InvalidParameter(
            f"Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist"
            " (ErrorCode: InvalidSubnetID.NotFound)"
        )
    return found.vpc


def _check_group(ctx: Context, group: SecurityGroupId, vpc: VpcId) -> None:
    found = find_in_scope(ctx.store.world, SecurityGroup, ctx.scope, group)
    if found is None:
        raise InvalidParameter(
            f"Error retrieving security group information for [{group}]: The security group '{group}' does not"
            " exist (ErrorCode: InvalidGroup.NotFound)"
        )
    if found.vpc != vpc:
        raise InvalidParameter(
            f"Security Group {group} does not appear to belong to the same VPC as the input subnets."
        )
