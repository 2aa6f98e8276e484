"""What a Service Connect configuration may say about the proxy's output.

Promise: the rules that AWS has for Fargate, with the one driver that is there (``domain/logs/driver``).
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
"""

from __future__ import annotations

from moyai.domain.connect.config import ContainerConfiguration, ServiceConnectConfiguration
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task_definition import LogConfiguration
from moyai.domain.logs.driver import AWSLOGS, fault_in


def check_logs(configuration: ServiceConnectConfiguration) -> None:
    """Raises InvalidParameter."""
    if configuration.log_configuration is not None:
        _check_driver(configuration.log_configuration)
    elif configuration.access_log_configuration is not None:
        raise InvalidParameter(
            "accessLogConfiguration needs a logConfiguration in the same serviceConnectConfiguration. Add one."
        )
    _check_settings(configuration.container_configurations or ())


def _check_driver(log: LogConfiguration) -> None:
    fault = fault_in(log)
    if fault is not None or log.log_driver != AWSLOGS:
        raise InvalidParameter(
            fault
            or f"logConfiguration.logDriver {log.log_driver} is not supported for tasks with the FARGATE launch type."
            f" Use {AWSLOGS}."
        )


def _check_settings(settings: tuple[ContainerConfiguration, ...]) -> None:
    if any(setting.log_level is None for setting in settings):
        raise InvalidParameter("Each object in containerConfigurations sets exactly one member. Give it one.")
    if len(settings) > 1:  # logLevel is the only member there is
        raise InvalidParameter("logLevel is set more than once in containerConfigurations. Set it once.")
