"""Amazon ECS's resource types of task sets, daemons, Express services and gateways.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ECS.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, id_list, ids, prop
from moyai.stacks.types.tags import arn_tags

_BY_ID: Final = arn_tags(ids("resourceArn"))
_OF_SERVICE: Final = both(prop("cluster", "Cluster"), prop("service", "Service"))
_ASSOCIATION: Final = both(prop("gateway", "Gateway"), prop("cluster", "Cluster"))


def ecs_managed_rows() -> Iterator[StackResourceType]:
    """Further rows of the service ``ecs``."""
    yield _task_set()
    yield _primary_task_set()
    yield _daemon()
    yield _daemon_task_definition()
    yield _express_gateway_service()
    yield _gateway()
    yield _gateway_cluster_associations()


def _task_set() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::TaskSet",
        "ecs",
        "CreateTaskSet",
        "taskSet.id",
        "DeleteTaskSet",
        lambda resource: {**_OF_SERVICE(resource), "taskSet": resource.id, "force": True},
        idempotency_member="clientToken",
        tagging=arn_tags(lambda resource: {"resourceArn": resource.attributes["TaskSetArn"]}),
        read=Read("DescribeTaskSets", both(_OF_SERVICE, id_list("taskSets")), "taskSets[0]"),
        gone=Stable("status", frozenset({"INACTIVE"})),
        attributes={"Id": "id", "TaskSetArn": "taskSetArn"},
        update="UpdateTaskSet",
        update_by=both(_OF_SERVICE, ids("taskSet")),
        missing=frozenset({"TaskSetNotFoundException", "ServiceNotFoundException", "ClusterNotFoundException"}),
    )


def _primary_task_set() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::PrimaryTaskSet",
        "ecs",
        "UpdateServicePrimaryTaskSet",
        "join('|', [Cluster, Service])",
        None,
        _OF_SERVICE,
        rename={"TaskSetId": "primaryTaskSet"},
        update="UpdateServicePrimaryTaskSet",
    )


def _daemon() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::Daemon",
        "ecs",
        "CreateDaemon",
        "daemonArn",
        "DeleteDaemon",
        ids("daemonArn"),
        name_property="DaemonName",
        unique_within=frozenset({"ClusterArn"}),
        idempotency_member="clientToken",
        tagging=_BY_ID,
        read=Read("DescribeDaemon", ids("daemonArn"), "daemon"),
        attributes={"DaemonStatus": "status"},
        update="UpdateDaemon",
        missing=frozenset({"DaemonNotFoundException"}),
    )


def _daemon_task_definition() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::DaemonTaskDefinition",
        "ecs",
        "RegisterDaemonTaskDefinition",
        "daemonTaskDefinitionArn",
        "DeleteDaemonTaskDefinition",
        ids("daemonTaskDefinition"),
        name_property="Family",
        unique_within=None,
        tagging=_BY_ID,
        read=Read("DescribeDaemonTaskDefinition", ids("daemonTaskDefinition"), "daemonTaskDefinition"),
        missing=frozenset({"ClientException"}),
    )


def _express_gateway_service() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::ExpressGatewayService",
        "ecs",
        "CreateExpressGatewayService",
        "service.serviceArn",
        "DeleteExpressGatewayService",
        ids("serviceArn"),
        name_property="ServiceName",
        unique_within=frozenset({"Cluster"}),
        tagging=_BY_ID,
        read=Read("DescribeExpressGatewayService", ids("serviceArn"), "service"),
        stable=Stable("status.statusCode", frozenset({"ACTIVE"}), frozenset({"INACTIVE"}), "status.statusReason"),
        gone=Stable("status.statusCode", frozenset({"INACTIVE"})),
        attributes={"Endpoint": "activeConfigurations[0].ingressPaths[0].endpoint", "Status": "status.statusCode"},
        update="UpdateExpressGatewayService",
        missing=frozenset({"ResourceNotFoundException", "ServiceNotFoundException"}),
    )


def _gateway() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::Gateway",
        "ecs",
        "CreateGateway",
        "gatewayArn",
        "DeleteGateway",
        ids("gateway"),
        idempotency_member="clientToken",
        rename={"GatewayName": "name"},
        tagging=_BY_ID,
        read=Read("DescribeGateway", ids("gateway"), "gateway"),
        stable=Stable("status", frozenset({"ACTIVE"}), frozenset({"INACTIVE", "DELETED"})),
        gone=Stable("status", frozenset({"DELETED", "INACTIVE"})),
        attributes={"Arn": "gatewayArn"},
        update="UpdateGateway",
        missing=frozenset({"GatewayNotFoundException"}),
    )


def _gateway_cluster_associations() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::GatewayClusterAssociations",
        "ecs",
        "AssociateGatewayWithCluster",
        "join('|', [Gateway, Cluster])",
        "DisassociateGatewayFromCluster",
        _ASSOCIATION,
        read=Read("ListGatewayClusterAssociations", _association, "gatewayClusterAssociations[0]"),
        missing=frozenset({"GatewayNotFoundException", "ClusterNotFoundException", "ResourceNotFoundException"}),
    )


def _association(resource: PhysicalResource) -> Properties:
    return {"gateway": resource.properties["Gateway"], "cluster": resource.properties["Cluster"]}
