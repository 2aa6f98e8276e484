"""The CloudWatch alarms that a service's deployments are watched by.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentAlarms.html
"""

from __future__ import annotations

from moyai.api.operation import Context
from moyai.domain.cloudwatch.alarm import alarm_arn
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import DeploymentConfiguration


def check_alarms(ctx: Context, configuration: DeploymentConfiguration) -> None:
    """Raises InvalidParameter when one that is to be watched isn't there."""
    asked = configuration.alarms
    names = dict.fromkeys(asked.alarm_names) if asked.enable else ()
    unknown = [name for name in names if alarm_arn(ctx.scope, name) not in ctx.store.world.alarms]
    if unknown:
        raise InvalidParameter(f"The following alarms were not found: [{', '.join(unknown)}]")
