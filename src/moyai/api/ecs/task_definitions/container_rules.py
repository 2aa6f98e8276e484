"""Rules of container definitions, with AWS's messages where they are known. All raise ClientException.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from moyai.api.ecs.lookup import NAME
from moyai.api.ecs.task_definitions.port_rules import check_ports
from moyai.api.rules import Rule
from moyai.domain.ecs.container_settings import RestartPolicy
from moyai.domain.ecs.environment import ContainerSecret, EnvironmentFile
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    ContainerHealthCheck,
    LogConfiguration,
    TaskDefinition,
    UlimitDefinition,
)
from moyai.domain.ecs.value_from import parse
from moyai.domain.keys import scope_of
from moyai.domain.logs.driver import fault_in
from moyai.domain.s3.env_file import env_file_arn
from moyai.domain.sandbox.linux import UNLIMITED
from moyai.kernel.errors import ClientFault

_LEAST_MEMORY = 4  # MiB
_RESTART_PERIOD = range(60, 1801)
_MAX_IGNORED_CODES = 50
_MAX_ENV_FILES = 10


def container_rules(container: ContainerDefinition, definition: TaskDefinition) -> Iterator[Rule]:
    """The rules of a container definition, but for its Linux settings."""
    yield partial(_check_names, container)
    yield partial(_check_size, container, definition)
    yield partial(check_ports, container, definition.network_mode)
    yield partial(_check_limits, container)
    yield partial(_check_environment, container)
    yield partial(check_env_files, container.environment_files, definition.execution_role_arn, ClientException)
    yield partial(_check_secrets, container, definition)
    yield partial(_check_repository_credentials, container, definition)
    if container.health_check is not None:
        yield partial(_check_health, container.health_check)
    if container.log_configuration is not None:
        yield partial(_check_log, container.log_configuration)


def _check_names(container: ContainerDefinition) -> None:
    if not container.name:
        raise ClientException("Container.name should not be null or empty.")
    if not NAME.fullmatch(container.name):
        raise ClientException("Container.name contains invalid characters.")
    if not container.image:
        raise ClientException("Container.image should not be null or empty.")


def _check_environment(container: ContainerDefinition) -> None:
    if any(not pair.name for pair in container.environment):
        raise ClientException(f"An environment variable of container '{container.name}' has no name.")


def _check_size(container: ContainerDefinition, definition: TaskDefinition) -> None:
    name = container.name
    if container.cpu < 0:
        raise _setting(name, "'cpu' must not be negative.")
    for member, value in (("memory", container.memory), ("memoryReservation", container.memory_reservation)):
        if value is not None and value < _LEAST_MEMORY:
            raise _setting(name, f"'{member}' must be at least {_LEAST_MEMORY} MiB.")
    has_memory = (
        container.memory is not None or container.memory_reservation is not None or definition.memory is not None
    )
    if not has_memory and not definition.is_daemon:
        raise _setting(name, "At least one of 'memory' or 'memoryReservation' must be specified.")
    if container.memory is not None and (container.memory_reservation or 0) > container.memory:
        raise _setting(name, "'memoryReservation' must not be greater than 'memory'.")
    if definition.memory is not None and (container.memory or 0) > int(definition.memory):
        raise ClientException(f"The 'memory' setting for container '{name}' is greater than for the task.")
    if definition.cpu is not None and container.cpu > int(definition.cpu):
        raise ClientException(f"The 'cpu' setting for container '{name}' is greater than for the task.")


def _check_limits(container: ContainerDefinition) -> None:
    _check_ulimits(container.name, container.ulimits or ())
    if container.start_timeout is not None and container.start_timeout < 0:
        raise _setting(container.name, "'startTimeout' must not be negative.")
    if container.stop_timeout is not None and container.stop_timeout < 0:
        raise _setting(container.name, "'stopTimeout' must not be negative.")
    if container.restart_policy is not None:
        _check_restart(container.name, container.restart_policy)


def _check_ulimits(container: str, ulimits: tuple[UlimitDefinition, ...]) -> None:
    for limit in ulimits:
        soft, hard = limit.soft_limit, limit.hard_limit
        values = f"the soft limit is {soft} and the hard limit {hard}; {UNLIMITED} means unlimited."
        if min(soft, hard) < UNLIMITED:
            raise _setting(container, f"A limit is less than {UNLIMITED} for ulimit {limit.name}: {values}")
        if hard != UNLIMITED and not UNLIMITED < soft <= hard:
            raise _setting(container, f"Soft limit exceeds hard limit for ulimit {limit.name}: {values}")
    names = [limit.name for limit in ulimits]
    if len(set(names)) < len(names):
        raise _setting(container, f"Ulimits must be unique: {', '.join(names)}.")


def _check_restart(container: str, policy: RestartPolicy) -> None:
    if policy.restart_attempt_period is not None and policy.restart_attempt_period not in _RESTART_PERIOD:
        raise _setting(container, "'restartPolicy.restartAttemptPeriod' must be between 60 and 1800 seconds.")
    if len(policy.ignored_exit_codes or ()) > _MAX_IGNORED_CODES:
        raise _setting(container, f"'restartPolicy.ignoredExitCodes' can have at most {_MAX_IGNORED_CODES} exit codes.")


def _check_health(check: ContainerHealthCheck) -> None:
    if not check.command or check.command[0] not in {"CMD", "CMD-SHELL"} or not check.command[1:]:
        raise ClientException(
            "healthCheck.command must begin with CMD (a program and its arguments) or CMD-SHELL (one line)."
        )
    bounds = (
        ("interval", check.interval, 5, 300),
        ("timeout", check.timeout, 2, 60),
        ("retries", check.retries, 1, 10),
        ("startPeriod", check.start_period, 0, 300),
    )
    for member, value, least, most in bounds:
        if value is not None and not least <= value <= most:
            raise ClientException(f"healthCheck.{member} must be between {least} and {most}.")


def _check_log(log: LogConfiguration) -> None:
    if (fault := fault_in(log)) is not None:
        raise ClientException(fault)


def _setting(container: str, what: str) -> ClientException:
    return ClientException(f"Invalid setting for container '{container}'. {what}")


def check_env_files(
    files: tuple[EnvironmentFile, ...] | None, execution_role: str | None, error: Callable[[str], ClientFault]
) -> None:
    """Check a container's environment files. Raises ``error``."""
    if not files:
        return
    if execution_role is None:
        raise error(
            "When you are specifying container environment files, you must also specify a value for 'executionRoleArn'."
        )
    if len(files) > _MAX_ENV_FILES:
        raise error(f"A container can have at most {_MAX_ENV_FILES} environment files.")
    for file in files:
        if env_file_arn(file.value) != file.value:
            raise error(
                f"The environment file '{file.value[:200]}' is invalid. Specify the ARN of an Amazon S3 object "
                "whose key ends with .env: arn:aws:s3:::bucket/key.env"
            )


def _check_secrets(container: ContainerDefinition, definition: TaskDefinition) -> None:
    if not container.secrets:
        return
    if definition.execution_role_arn is None:
        raise ClientException(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        )
    names = {pair.name for pair in container.environment}
    for secret in container.secrets:
        if not secret.name:
            raise ClientException(f"A secret of container '{container.name}' has no name.")
        if secret.name in names:
            raise ClientException(
                "The secret name must be unique and not shared with any new or existing environment variables set on "
                f"the container, such as '{secret.name}'."
            )
        names.add(secret.name)
    check_secret_references(container.secrets, definition)


def check_secret_references(secrets: Iterable[ContainerSecret], definition: TaskDefinition) -> None:
    """Check that each secret names a parameter or secret. Raises ClientException."""
    for secret in secrets:
        if parse(secret.value_from, scope_of(definition.arn)) is None:
            raise ClientException(
                f"The Systems Manager parameter name specified for secret {secret.name} is invalid. The parameter name "
                "can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-,"
            )


def _check_repository_credentials(container: ContainerDefinition, definition: TaskDefinition) -> None:
    if container.repository_credentials is None:
        return
    if definition.execution_role_arn is None:
        raise ClientException(
            "When you are specifying container repository credentials, you must also specify a value for "
            "'executionRoleArn'."
        )
    if not container.repository_credentials.credentials_parameter:
        raise _setting(container.name, "'repositoryCredentials.credentialsParameter' must name a secret.")
