"""The operations of Amazon ECS.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from typing import Final

from moyai.api.ecs import account_settings, tags
from moyai.api.ecs.clusters import capacity_providers, clusters
from moyai.api.ecs.container_instances import agent, attributes, instances
from moyai.api.ecs.container_instances import queries as instance_queries
from moyai.api.ecs.services import queries as service_queries
from moyai.api.ecs.services import service_deployments, services, task_sets
from moyai.api.ecs.task_definitions import deletion, task_definitions
from moyai.api.ecs.tasks import execute_command, protection, tasks
from moyai.api.ecs.tasks import queries as task_queries
from moyai.api.ecs.unsupported import UNSUPPORTED_MEMBERS
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.operation import ApiService, operation, operations
from moyai.domain.ecs.errors import ClientException, InvalidParameter, UnsupportedFeature

_HANDLERS: Final = (
    clusters.create_cluster,
    clusters.describe_clusters,
    clusters.list_clusters,
    clusters.update_cluster,
    clusters.update_cluster_settings,
    clusters.delete_cluster,
    clusters.put_cluster_capacity_providers,
    operation(task_definitions.register_task_definition, input_fault=ClientException),
    task_definitions.describe_task_definition,
    task_definitions.list_task_definitions,
    task_definitions.list_task_definition_families,
    deletion.deregister_task_definition,
    deletion.delete_task_definitions,
    services.create_service,
    services.update_service,
    services.delete_service,
    service_queries.describe_services,
    service_queries.list_services,
    service_queries.list_services_by_namespace,
    service_deployments.list_service_deployments,
    service_deployments.describe_service_deployments,
    service_deployments.describe_service_revisions,
    service_deployments.stop_service_deployment,
    service_deployments.continue_service_deployment,
    task_sets.create_task_set,
    task_sets.describe_task_sets,
    task_sets.update_task_set,
    task_sets.delete_task_set,
    task_sets.update_service_primary_task_set,
    instances.register_container_instance,
    instances.deregister_container_instance,
    instances.update_container_instances_state,
    instances.update_container_agent,
    instance_queries.describe_container_instances,
    instance_queries.list_container_instances,
    capacity_providers.create_capacity_provider,
    capacity_providers.update_capacity_provider,
    capacity_providers.delete_capacity_provider,
    capacity_providers.describe_capacity_providers,
    attributes.put_attributes,
    attributes.delete_attributes,
    attributes.list_attributes,
    agent.discover_poll_endpoint,
    agent.submit_task_state_change,
    agent.submit_container_state_change,
    agent.submit_attachment_state_changes,
    tasks.run_task,
    tasks.start_task,
    tasks.stop_task,
    task_queries.describe_tasks,
    task_queries.list_tasks,
    account_settings.put_account_setting,
    account_settings.put_account_setting_default,
    account_settings.delete_account_setting,
    account_settings.list_account_settings,
    protection.get_task_protection,
    protection.update_task_protection,
    tags.tag_resource,
    tags.TAGS.untag_resource,
    tags.TAGS.list_tags_for_resource,
)


def ecs(sessions: ExecSessionRegistry) -> ApiService:
    """Amazon ECS; ExecuteCommand creates ``sessions``."""
    return ApiService(
        name="ecs",
        input_fault=InvalidParameter,
        not_yet_fault=UnsupportedFeature,
        refused=UNSUPPORTED_MEMBERS,
        operations=operations(*_HANDLERS, partial(execute_command.execute_command, sessions)),
    )
