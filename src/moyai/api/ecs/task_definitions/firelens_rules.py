"""Rules of FireLens in a task definition, with AWS's messages where they are known. All raise ClientException.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html
"""

from __future__ import annotations

from moyai.api.ecs.task_definitions.container_rules import check_secret_references
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.firelens import AWSFIRELENS, ROUTER_DIRECTORY, fault_in_output, fault_in_router
from moyai.domain.ecs.task_definition import ContainerDefinition, ContainerLogConfiguration, TaskDefinition


def check_firelens(definition: TaskDefinition) -> None:
    """Check the log router of a task definition and the containers that use it. Raises ClientException."""
    containers = definition.container_definitions
    for container in containers:
        if container.log_configuration is not None:
            _check_secret_options(container.log_configuration, definition)
    routers = [c for c in containers if c.firelens_configuration is not None]
    has_users = any(c.uses_log_router for c in containers)
    if has_users and not routers:
        raise ClientException(
            "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be"
            " configured in one of the containers."
        )
    if routers and not has_users:
        raise ClientException(
            "When a firelensConfiguration object is specified, at least one container has to be configured with the"
            " awsfirelens log driver."
        )
    if len(routers) > 1:
        names = ", ".join(f"'{router.name}'" for router in routers)
        raise ClientException(f"Only one container can have a firelensConfiguration; {names} have one.")
    for router in routers:
        _check_router(router)


def _check_router(router: ContainerDefinition) -> None:
    configuration = router.firelens_configuration
    if configuration is not None and (fault := fault_in_router(configuration)) is not None:
        raise ClientException(fault)
    if any(point.container_path.rstrip("/") == ROUTER_DIRECTORY for point in router.mount_points):
        raise ClientException(
            f"Invalid setting for container '{router.name}'. 'mountPoints.containerPath' can't be {ROUTER_DIRECTORY},"
            " where FireLens mounts the directory of the log router's socket."
        )


def _check_secret_options(log: ContainerLogConfiguration, definition: TaskDefinition) -> None:
    if not log.secret_options:
        return
    if log.log_driver != AWSFIRELENS:
        raise ClientException(
            f"logConfiguration.secretOptions: not supported by moyai for {log.log_driver}, which has no secret options."
        )
    if (fault := fault_in_output({secret.name: "" for secret in log.secret_options})) is not None:
        raise ClientException(fault)
    if definition.execution_role_arn is None:
        raise ClientException(
            "When you are specifying secret options of a log driver, you must also specify a value for"
            " 'executionRoleArn'."
        )
    check_secret_references(log.secret_options, definition)
    names = [secret.name for secret in log.secret_options]
    repeated = sorted({name for name in names if names.count(name) > 1 or name in log.options})
    if repeated:
        raise ClientException(f"The log option {repeated[0]} is specified more than once.")
