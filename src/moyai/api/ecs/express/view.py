"""An Express service as the API shows it.

Promise: a network configuration is shown as it was requested, without the security group that ECS added, so that tools
which compare it with the request see no difference.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayServiceConfiguration.html
"""

from __future__ import annotations

from moyai.api.ecs.express.definition import cpu_architecture_of, logs_of, main_container, main_port
from moyai.api.ecs.express.lookup import ExpressRecords
from moyai.api.tagging import tag_list
from moyai.domain.ecs.service import Deployment
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import World
from moyai.plan.strategy.start import revision_arn


def express_view(world: World, records: ExpressRecords, *, with_tags: bool) -> dict[str, object]:
    """The service with the configurations of all its revisions that have tasks, the newest first."""
    cluster, service, express, _ = records
    return {
        "cluster": cluster.name,
        "service_name": service.name,
        "service_arn": service.arn,
        "infrastructure_role_arn": express.infrastructure_role,
        "status": {"status_code": service.status},
        "current_deployment": service.current_deployment,
        "active_configurations": [configuration_view(world, records, d) for d in service.deployments],
        "tags": tag_list(service.tags) if with_tags else [],
        "created_at": service.created_at,
        "updated_at": express.updated_at,
    }


def updated_view(world: World, records: ExpressRecords) -> dict[str, object]:
    """The service with the configuration of its newest revision, as UpdateExpressGatewayService shows it."""
    cluster, service, express, _ = records
    return {
        "service_arn": service.arn,
        "cluster": cluster.name,
        "service_name": service.name,
        "status": {"status_code": service.status},
        "target_configuration": configuration_view(world, records, service.primary),
        "created_at": service.created_at,
        "updated_at": express.updated_at,
    }


def configuration_view(world: World, records: ExpressRecords, deployment: Deployment) -> dict[str, object]:
    """The configuration of a service revision."""
    definition = world.task_definitions[deployment.task_definition]
    configuration = records.express.configuration(deployment.id)
    return {
        "service_revision_arn": revision_arn(records.service.arn, deployment.id),
        "execution_role_arn": definition.execution_role_arn,
        "task_role_arn": definition.task_role_arn,
        "task_definition_arn": definition.arn,
        "cpu": definition.cpu,
        "memory": definition.memory,
        "cpu_architecture": cpu_architecture_of(definition),
        "network_configuration": configuration.network,
        "health_check_path": configuration.health_check_path,
        "primary_container": _container_view(definition),
        "scaling_target": configuration.scaling,
        "ingress_paths": [{"access_type": records.path.access, "endpoint": records.path.url}],
        "created_at": deployment.created_at,
    }


def _container_view(definition: TaskDefinition) -> dict[str, object]:
    main = main_container(definition)
    credentials = main.repository_credentials
    return {
        "image": main.image,
        "container_port": main_port(definition),
        "aws_logs_configuration": logs_of(main),
        "repository_credentials": credentials,
        "command": main.command,
        "environment": main.environment,
        "secrets": main.secrets,
    }
