"""What a Service Connect configuration may say about the proxy's output.

Promise: the rules that AWS has for Fargate. Output is kept for ``moyai logs`` whatever the driver; a
driver's options are recorded and shown, because nothing here could act on them.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moyai.domain.connect.config import ContainerConfiguration, ServiceConnectConfiguration
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task_definition import LogConfiguration

_FARGATE_DRIVERS = ("awslogs", "awsfirelens", "splunk")
_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"awslogs": ("awslogs-region", "awslogs-group"), "splunk": ("splunk-url",)}
)


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
    if log.log_driver not in _FARGATE_DRIVERS:
        raise InvalidParameter(
            f"logConfiguration.logDriver {log.log_driver} is not supported for tasks with the FARGATE launch type."
            f" Use one of {', '.join(_FARGATE_DRIVERS)}."
        )
    needed = _NEEDED.get(log.log_driver, ())
    if any(name not in log.options for name in needed):
        raise InvalidParameter(f"Log driver {log.log_driver} requires options: {', '.join(needed)}")


def _check_settings(settings: tuple[ContainerConfiguration, ...]) -> None:
    if any(setting.log_level is None for setting in settings):
        raise InvalidParameter("Each object in containerConfigurations sets exactly one member. Give it one.")
    if len(settings) > 1:  # logLevel is the only member there is
        raise InvalidParameter("logLevel is set more than once in containerConfigurations. Set it once.")
