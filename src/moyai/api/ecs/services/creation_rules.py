"""The rules of CreateService that need nothing but the request and its task definition.

Promise: what the handler checks against other records, such as subnets and target groups, is not among them.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from moyai.api.ecs.launch.capacity_provider_strategy import check_item_values
from moyai.api.ecs.launch.network import check_network_members, check_network_mode
from moyai.api.ecs.launch.options import check_launch_type, check_resolved_options
from moyai.api.ecs.launch.placement_rules import check_constraints, check_strategies
from moyai.api.ecs.lookup import NAME, tag_rules
from moyai.api.ecs.services import load_balancer_rules, registry_rules
from moyai.api.ecs.services.external_rules import check_bounds, check_creation
from moyai.api.ecs.services.requests import CreateServiceRequest, launch_options
from moyai.api.ecs.services.rules import (
    DAEMON_CONFIGURATION,
    check_controller,
    check_daemon_configuration,
    check_daemon_launch,
    check_daemon_scheduling,
    checked_count,
    checked_grace,
    checked_rebalancing,
    daemon_count,
    deployment_configuration,
)
from moyai.api.ecs.task_definitions.proxy_rules import check_single_proxy
from moyai.api.rules import Rule
from moyai.api.tagging import checked_tags
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.placement import DISABLED, ENABLED
from moyai.domain.ecs.service import DAEMON, EXTERNAL_CONTROLLER, DeploymentConfiguration
from moyai.domain.ecs.strategy import Strategy
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.plan.ingress.connector_checks import named_port
from moyai.plan.service_connect import validation


def settings_rules(request: CreateServiceRequest) -> Iterator[Rule]:
    """The rules of a service's own settings, which the handler enforces first."""
    yield partial(_check_name, request)
    yield partial(check_controller, request.deployment_controller)
    yield partial(check_daemon_scheduling, request.scheduling_strategy, request.deployment_controller.type)
    yield partial(_check_definition, request)
    yield partial(new_desired_count, request)
    yield partial(new_configuration, request)
    yield partial(checked_grace, request.health_check_grace_period_seconds)
    yield partial(checked_tags, tag_rules("service"), request.tags)


def template_rules(request: CreateServiceRequest) -> Iterator[Rule]:
    """The rules of what tasks get, whatever their task definition is. The handler enforces each of them with the
    records that it concerns.
    """
    options = launch_options(request)
    yield partial(check_launch_type, options)
    if request.scheduling_strategy == DAEMON:
        yield partial(check_daemon_launch, options)
    yield partial(check_item_values, options.providers)
    yield partial(check_constraints, options.constraints)
    yield partial(check_strategies, options.strategy)
    if request.network_configuration is not None:
        yield partial(check_network_members, request.network_configuration)
    yield partial(registry_rules.check_members, request.service_registries)
    yield partial(load_balancer_rules.check_members, request.load_balancers)
    settings = request.deployment_configuration
    strategy = (settings and settings.strategy) or Strategy.ROLLING
    yield partial(load_balancer_rules.check_shift_members, request.load_balancers, strategy)
    connect = request.service_connect_configuration
    if connect is not None and connect.enabled:
        yield partial(validation.check_members, connect)


def definition_rules(request: CreateServiceRequest, definition: TaskDefinition) -> Iterator[Rule]:
    """The rules of a request with its task definition, enforced as ``template_rules`` are."""
    options = launch_options(request)
    if options.launch_type is not None or options.providers:
        yield partial(check_resolved_options, options, definition)
    yield partial(check_network_mode, request.network_configuration, definition)
    yield partial(load_balancer_rules.check_role, request.role, request.load_balancers, definition)
    yield partial(check_single_proxy, definition, request.service_connect_configuration)
    yield partial(load_balancer_rules.check_targets, request.load_balancers, definition)
    connect = request.service_connect_configuration
    if connect is not None and connect.enabled:
        yield partial(validation.check_configuration, connect, definition)
    for connector in request.gateway_connectors:
        yield partial(named_port, definition, connector)


def new_desired_count(request: CreateServiceRequest) -> int:
    """The desired count. Raises InvalidParameter."""
    count = daemon_count if request.scheduling_strategy == DAEMON else checked_count
    return count(request.desired_count)


def new_configuration(request: CreateServiceRequest) -> tuple[DeploymentConfiguration, str]:
    """The deployment configuration, and whether tasks are rebalanced between zones. Raises InvalidParameter."""
    rebalancing, is_daemon = request.availability_zone_rebalancing, request.scheduling_strategy == DAEMON
    default = DAEMON_CONFIGURATION if is_daemon else DeploymentConfiguration()
    configuration = deployment_configuration(request.deployment_configuration, default)
    is_external = request.deployment_controller.type == EXTERNAL_CONTROLLER
    if is_external:
        check_bounds(configuration, rebalancing)
    if is_daemon:
        check_daemon_configuration(configuration, rebalancing)
    return configuration, checked_rebalancing(rebalancing, DISABLED if is_external else ENABLED, configuration)


def _check_name(request: CreateServiceRequest) -> None:
    if not NAME.fullmatch(request.service_name):
        raise InvalidParameter("serviceName must be 1-255 letters, digits, underscores and hyphens.")


def _check_definition(request: CreateServiceRequest) -> None:
    """Task sets have a task definition of their own each; any other service has one."""
    if request.deployment_controller.type == EXTERNAL_CONTROLLER:
        check_creation(request)
    elif not request.task_definition:
        raise InvalidParameter("TaskDefinition can not be blank.")
