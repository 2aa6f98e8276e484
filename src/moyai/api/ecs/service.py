"""Amazon ECS's operations, as the door is given them.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Any, Final

from moyai.api.channel.tickets import Tickets
from moyai.api.ecs import (
    account_settings,
    clusters,
    definition_ends,
    instance_operations,
    service_deployments,
    service_queries,
    services,
    tags,
    task_definitions,
    task_protection,
    task_queries,
    task_sets,
    tasks,
)
from moyai.api.ecs.execute_command import execute_command
from moyai.api.ecs.refused import REFUSED
from moyai.api.operation import Operation, Service, table
from moyai.domain.ecs.errors import ClientException, InvalidParameter, UnsupportedFeature

_OPERATIONS: Final[tuple[Operation[Any], ...]] = (
    Operation("CreateCluster", clusters.CreateClusterRequest, clusters.create_cluster),
    Operation("DescribeClusters", clusters.DescribeClustersRequest, clusters.describe_clusters),
    Operation("ListClusters", clusters.ListClustersRequest, clusters.list_clusters),
    Operation("UpdateCluster", clusters.UpdateClusterRequest, clusters.update_cluster),
    Operation("UpdateClusterSettings", clusters.UpdateClusterSettingsRequest, clusters.update_cluster_settings),
    Operation("DeleteCluster", clusters.DeleteClusterRequest, clusters.delete_cluster),
    Operation(
        "PutClusterCapacityProviders",
        clusters.PutClusterCapacityProvidersRequest,
        clusters.put_cluster_capacity_providers,
    ),
    Operation(
        "RegisterTaskDefinition",
        task_definitions.RegisterTaskDefinitionRequest,
        task_definitions.register_task_definition,
        input_fault=ClientException,
    ),
    Operation(
        "DescribeTaskDefinition",
        task_definitions.DescribeTaskDefinitionRequest,
        task_definitions.describe_task_definition,
    ),
    Operation(
        "ListTaskDefinitions",
        task_definitions.ListTaskDefinitionsRequest,
        task_definitions.list_task_definitions,
    ),
    Operation(
        "ListTaskDefinitionFamilies",
        task_definitions.ListTaskDefinitionFamiliesRequest,
        task_definitions.list_task_definition_families,
    ),
    Operation(
        "DeregisterTaskDefinition",
        definition_ends.DeregisterTaskDefinitionRequest,
        definition_ends.deregister_task_definition,
    ),
    Operation(
        "DeleteTaskDefinitions",
        definition_ends.DeleteTaskDefinitionsRequest,
        definition_ends.delete_task_definitions,
    ),
    Operation("CreateService", services.CreateServiceRequest, services.create_service),
    Operation("UpdateService", services.UpdateServiceRequest, services.update_service),
    Operation("DeleteService", services.DeleteServiceRequest, services.delete_service),
    Operation("DescribeServices", service_queries.DescribeServicesRequest, service_queries.describe_services),
    Operation("ListServices", service_queries.ListServicesRequest, service_queries.list_services),
    Operation(
        "ListServicesByNamespace",
        service_queries.ListServicesByNamespaceRequest,
        service_queries.list_services_by_namespace,
    ),
    Operation(
        "ListServiceDeployments",
        service_deployments.ListServiceDeploymentsRequest,
        service_deployments.list_service_deployments,
    ),
    Operation(
        "DescribeServiceDeployments",
        service_deployments.DescribeServiceDeploymentsRequest,
        service_deployments.describe_service_deployments,
    ),
    Operation(
        "DescribeServiceRevisions",
        service_deployments.DescribeServiceRevisionsRequest,
        service_deployments.describe_service_revisions,
    ),
    Operation(
        "StopServiceDeployment",
        service_deployments.StopServiceDeploymentRequest,
        service_deployments.stop_service_deployment,
    ),
    Operation(
        "ContinueServiceDeployment",
        service_deployments.ContinueServiceDeploymentRequest,
        service_deployments.continue_service_deployment,
    ),
    *task_sets.OPERATIONS,
    *instance_operations.OPERATIONS,
    Operation("RunTask", tasks.RunTaskRequest, tasks.run_task),
    Operation("StartTask", tasks.StartTaskRequest, tasks.start_task),
    Operation("StopTask", tasks.StopTaskRequest, tasks.stop_task),
    Operation("DescribeTasks", task_queries.DescribeTasksRequest, task_queries.describe_tasks),
    Operation("ListTasks", task_queries.ListTasksRequest, task_queries.list_tasks),
    Operation("PutAccountSetting", account_settings.PutAccountSettingRequest, account_settings.put_account_setting),
    Operation(
        "PutAccountSettingDefault",
        account_settings.PutAccountSettingDefaultRequest,
        account_settings.put_account_setting_default,
    ),
    Operation(
        "DeleteAccountSetting",
        account_settings.DeleteAccountSettingRequest,
        account_settings.delete_account_setting,
    ),
    Operation(
        "ListAccountSettings",
        account_settings.ListAccountSettingsRequest,
        account_settings.list_account_settings,
    ),
    Operation("GetTaskProtection", task_protection.GetTaskProtectionRequest, task_protection.get_task_protection),
    Operation(
        "UpdateTaskProtection",
        task_protection.UpdateTaskProtectionRequest,
        task_protection.update_task_protection,
    ),
    Operation("TagResource", tags.TagResourceRequest, tags.tag_resource),
    Operation("UntagResource", tags.UntagResourceRequest, tags.untag_resource),
    Operation("ListTagsForResource", tags.ListTagsForResourceRequest, tags.list_tags_for_resource),
)


def ecs(tickets: Tickets) -> Service:
    """Amazon ECS; ``tickets``: who opens sessions, and where."""
    return Service(
        name="ecs",
        input_fault=InvalidParameter,
        not_yet_fault=UnsupportedFeature,
        refused=REFUSED,
        operations=table((*_OPERATIONS, execute_command(tickets))),
    )
