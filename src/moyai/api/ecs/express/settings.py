"""The settings of an Express service that are not in its task definition: health check, scaling, roles.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayScalingTarget.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import asdict, replace

from moyai.api.ecs.express.requests import ExpressSettingsRequest, ScalingRequest
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.express import ExpressConfiguration, ScalingMetric, ScalingTarget
from moyai.domain.elb.target_group import TargetHealthCheck, TargetProtocol
from moyai.kernel.arn import parse_arn

_LONGEST_PATH: Final = 1024
_MOST_TASKS: Final = 5000
_LARGEST_VALUE: Final = 2**31 - 1
_PERCENT: Final = 100


def configuration_of(request: ExpressSettingsRequest, former: ExpressConfiguration) -> ExpressConfiguration:
    """The settings after a request. Raises InvalidParameter."""
    path = former.health_check_path if request.health_check_path is None else request.health_check_path
    check_path("healthCheckPath", path)
    return ExpressConfiguration(
        health_check_path=path,
        scaling=_scaling(request.scaling_target or ScalingRequest(), former.scaling),
        network=request.network_configuration or former.network,
        has_own_definition=former.has_own_definition,
    )


def check_texts(request: ExpressSettingsRequest) -> None:
    """Raises InvalidParameter for an empty text, which could mean the default as well as no change."""
    texts = {
        "executionRoleArn": request.execution_role_arn,
        "taskRoleArn": request.task_role_arn,
        "cpu": request.cpu,
        "memory": request.memory,
    }
    for member, text in texts.items():
        if text is not None and not text.strip():
            raise InvalidParameter(
                f"{member} must not be empty. Leave it out to keep the service's value, or to get the default."
            )


def check_path(member: str, path: str) -> None:
    """Raises InvalidParameter for a text that is not a URL path, with or without a query."""
    if not path.startswith("/") or len(path) > _LONGEST_PATH:
        raise InvalidParameter(f"{member} must begin with a forward slash and have at most {_LONGEST_PATH} characters.")
    if not (path.isascii() and path.isprintable() and " " not in path):
        raise InvalidParameter(f"{member} {path[:100]!r} has characters that are not allowed in a path.")


def health_check_of(configuration: ExpressConfiguration) -> TargetHealthCheck:
    """The health check of the service's target groups."""
    path = configuration.health_check_path
    return TargetHealthCheck(TargetProtocol.HTTP, 30, 5, 5, 2, path=path, matcher="200")


def check_role(member: str, role: str) -> None:
    """Raises InvalidParameter for a text that is not a role's ARN. A role is only recorded: moyai has no IAM."""
    arn = parse_arn(role)
    if arn is None or arn.service != "iam" or arn.kind != "role":
        raise InvalidParameter(f"{member} must be the ARN of an IAM role: arn:aws:iam::<account>:role/<name>.")


def _scaling(request: ScalingRequest, former: ScalingTarget) -> ScalingTarget:
    scaling = replace(former, **{name: value for name, value in asdict(request).items() if value is not None})
    least, most = scaling.min_task_count, scaling.max_task_count
    if request.min_task_count is not None and request.max_task_count is None:
        most = max(least, most)
    if not 1 <= least <= _MOST_TASKS or not 1 <= most <= _MOST_TASKS:
        raise InvalidParameter(f"scalingTarget: minTaskCount and maxTaskCount must be between 1 and {_MOST_TASKS}.")
    if least > most:
        raise InvalidParameter(f"scalingTarget: minTaskCount, {least}, must not be greater than maxTaskCount, {most}.")
    value, metric = scaling.auto_scaling_target_value, scaling.auto_scaling_metric
    largest = _LARGEST_VALUE if metric is ScalingMetric.REQUEST_COUNT_PER_TARGET else _PERCENT
    if not 1 <= value <= largest:
        raise InvalidParameter(f"scalingTarget.autoScalingTargetValue must be between 1 and {largest} for {metric}.")
    return replace(scaling, max_task_count=most)
