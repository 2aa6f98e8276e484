"""The operations of Amazon ECS.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.ecs import account_settings
from moyai.api.ecs.clusters import capacity_providers, clusters
from moyai.api.ecs.container_instances import agent, attributes, instances
from moyai.api.ecs.container_instances import queries as instance_queries
from moyai.api.ecs.daemons import daemons, deployments
from moyai.api.ecs.daemons import definitions as daemon_definitions
from moyai.api.ecs.express import services as express_services
from moyai.api.ecs.gateways import associations, gateways, routes
from moyai.api.ecs.services import queries as service_queries
from moyai.api.ecs.services import service_deployments, services, task_sets
from moyai.api.ecs.tags import TAGS
from moyai.api.ecs.task_definitions import deletion, task_definitions
from moyai.api.ecs.tasks import execute_command, protection, tasks
from moyai.api.ecs.tasks import queries as task_queries
from moyai.api.ecs.unsupported import UNSUPPORTED_MEMBERS
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.operation import ApiService, operations
from moyai.api.wire.validate import enum_sentence
from moyai.domain.ecs.errors import InvalidParameter, UnsupportedFeature

_MODULES: Final = (
    account_settings,
    agent,
    associations,
    attributes,
    capacity_providers,
    clusters,
    daemon_definitions,
    daemons,
    deletion,
    deployments,
    express_services,
    gateways,
    routes,
    execute_command,
    instance_queries,
    instances,
    protection,
    service_deployments,
    service_queries,
    services,
    task_definitions,
    task_queries,
    task_sets,
    tasks,
)


def ecs(sessions: ExecSessionRegistry) -> ApiService:
    """Amazon ECS; ExecuteCommand creates ``sessions``."""
    return ApiService(
        name="ecs",
        input_fault=InvalidParameter,
        not_yet_fault=UnsupportedFeature,
        describe=enum_sentence,
        open_enums=frozenset({"TransportProtocol"}),
        refused=UNSUPPORTED_MEMBERS,
        operations=operations(*_MODULES, *TAGS.operations(), sessions=sessions),
    )
