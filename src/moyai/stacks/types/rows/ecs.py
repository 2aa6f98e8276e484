"""Amazon ECS's resource types.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ECS.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.domain.ecs.fargate import cpu_units, memory_mib
from moyai.domain.ecs.service import DAEMON
from moyai.stacks.types.calls import Follow, Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, both, id_list, ids
from moyai.stacks.types.tags import arn_tags

_BY_ATTRIBUTE: Final = arn_tags(lambda resource: {"resourceArn": resource.attributes["Arn"]})
_BY_ID: Final = arn_tags(lambda resource: {"resourceArn": resource.id})
_PRESENT_CLUSTER: Final = Read(
    "DescribeClusters",
    lambda resource: {"clusters": [resource.id], "include": ["CONFIGURATIONS", "SETTINGS"]},
    "clusters[?status!='INACTIVE'] | [0]",
)
_CAPACITY: Final = Follow(
    "PutClusterCapacityProviders",
    lambda resource: {
        "cluster": resource.id,
        "capacityProviders": resource.properties.get("CapacityProviders", []),
        "defaultCapacityProviderStrategy": resource.properties.get("DefaultCapacityProviderStrategy", []),
    },
    default=always([]),
)


def ecs_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``ecs``."""
    yield _cluster_row()
    yield _cluster_capacity_provider_associations()
    yield _capacity_provider()
    yield _task_definition()
    yield _service_row()


def _cluster(resource: PhysicalResource) -> Properties:
    cluster = resource.properties.get("Cluster")
    return {} if cluster is None else {"cluster": cluster}


def _service(resource: PhysicalResource) -> Properties:
    return {**_cluster(resource), "service": resource.id}


def _cluster_row() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::Cluster",
        "ecs",
        "CreateCluster",
        "ClusterName",
        "DeleteCluster",
        ids("cluster"),
        name_property="ClusterName",
        rename={"ClusterSettings": "settings"},
        tagging=_BY_ATTRIBUTE,
        follow={"CapacityProviders": _CAPACITY, "DefaultCapacityProviderStrategy": _CAPACITY},
        read_existing=lambda _: _PRESENT_CLUSTER,
        read=_PRESENT_CLUSTER,
        stable=Stable("status", frozenset({"ACTIVE"}), frozenset({"FAILED"})),
        attributes={"Arn": "clusterArn"},
        update="UpdateCluster",
        missing=frozenset({"ClusterNotFoundException"}),
    )


def _cluster_capacity_provider_associations() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "ecs",
        "PutClusterCapacityProviders",
        "Cluster",
        "PutClusterCapacityProviders",
        lambda resource: {"cluster": resource.id, "capacityProviders": [], "defaultCapacityProviderStrategy": []},
        read=Read("DescribeClusters", id_list("clusters"), "clusters[?status=='ACTIVE'] | [0]"),
        missing=frozenset({"ClusterNotFoundException"}),
        replaces=frozenset({"CapacityProviders", "DefaultCapacityProviderStrategy"}),
    )


def _capacity_provider() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::CapacityProvider",
        "ecs",
        "CreateCapacityProvider",
        "Name",
        "DeleteCapacityProvider",
        ids("capacityProvider"),
        name_property="Name",
        tagging=_BY_ATTRIBUTE,
        read=Read("DescribeCapacityProviders", id_list("capacityProviders"), "capacityProviders[0]"),
        attributes={"Arn": "capacityProviderArn"},
        missing=frozenset({"ClientException"}),
    )


def _task_definition() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::TaskDefinition",
        "ecs",
        "RegisterTaskDefinition",
        "taskDefinition.taskDefinitionArn",
        "DeregisterTaskDefinition",
        ids("taskDefinition"),
        name_property="Family",
        unique_within=None,
        arrange=_arrange_definition,
        tagging=_BY_ID,
        read=Read("DescribeTaskDefinition", ids("taskDefinition"), "taskDefinition"),
        attributes={"TaskDefinitionArn": "taskDefinitionArn"},
        notations={"Cpu": cpu_units, "Memory": memory_mib},
    )


def _arrange_definition(values: dict[str, Any]) -> dict[str, Any]:
    """The input of a task definition, with the API's names for the members of its proxy configuration."""
    proxy = values.get("ProxyConfiguration")
    if not isinstance(proxy, Mapping):
        return values
    renamed = {name.removeprefix("ProxyConfiguration"): value for name, value in proxy.items()}
    return {**values, "ProxyConfiguration": renamed}


def _arrange_service(values: dict[str, Any]) -> dict[str, Any]:
    """The input of a service, in which ForceNewDeployment is a member of the property with the same name."""
    setting = values.get("ForceNewDeployment")
    if not isinstance(setting, Mapping):
        return values
    return {**values, "ForceNewDeployment": setting.get("EnableForceNewDeployment", False)}


def _service_defaults(properties: Properties) -> Properties:
    """CloudFormation's default for the number of tasks, which CreateService requires."""
    return {} if properties.get("SchedulingStrategy") == DAEMON else {"DesiredCount": 1}


def _service_row() -> StackResourceType:
    return StackResourceType(
        "AWS::ECS::Service",
        "ecs",
        "CreateService",
        "service.serviceArn",
        "DeleteService",
        lambda resource: {**_service(resource), "force": True},
        name_property="ServiceName",
        unique_within=frozenset({"Cluster"}),
        idempotency_member="clientToken",
        rename={"PlacementStrategies": "placementStrategy"},
        arrange=_arrange_service,
        update_only=frozenset({"ForceNewDeployment"}),
        defaults=_service_defaults,
        tagging=_BY_ID,
        read=Read("DescribeServices", both(_cluster, id_list("services")), "services[?status!='INACTIVE'] | [0]"),
        stable=Stable(
            "deployments[?status=='PRIMARY'] | [0].rolloutState",
            frozenset({"COMPLETED", None}),
            frozenset({"FAILED"}),
            "deployments[?status=='PRIMARY'] | [0].rolloutStateReason",
        ),
        gone=Stable("status", frozenset({"INACTIVE"})),
        attributes={"Name": "serviceName"},
        update="UpdateService",
        update_by=_service,
        update_whole=False,
        missing=frozenset({"ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException"}),
        replaces=frozenset({"LaunchType", "DeploymentController"}),
    )
