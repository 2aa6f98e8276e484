"""A deployment's CloudWatch alarms: one that goes to ALARM while the deployment is under way fails it.

Promise: where any of them is in ALARM already when the deployment begins, none is watched: then the deployment may be
what mends it. An alarm that is deleted meanwhile says nothing any more. A rolling deployment with alarms is completed
only after they have been watched for as long as the slowest of them looks back.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, CompositeCondition, alarm_arn
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.strategy import LifecycleStage
from moyai.domain.world import World
from moyai.kernel.ids import AlarmArn
from moyai.kernel.scope import Scope

_DEPTH = 10


def watched(world: World, scope: Scope, configuration: DeploymentConfiguration) -> tuple[AlarmArn, ...]:
    """The alarms of a deployment that begins now."""
    asked = configuration.alarms
    arns = tuple(alarm_arn(scope, name) for name in dict.fromkeys(asked.alarm_names)) if asked.enable else ()
    return () if any(alarm.state is AlarmState.ALARM for alarm in _known(world, arns)) else arns


def bake(world: World, arns: Iterable[AlarmArn]) -> float:
    """Seconds for which they are watched after all is done."""
    return max((_looks_back(world, alarm) for alarm in _known(world, arns)), default=0.0)


def watches(record: ServiceDeployment) -> bool:
    """Whether the deployment is one that they may still fail."""
    return bool(record.alarms) and record.forward and record.stage is not LifecycleStage.CLEAN_UP


def alarming(world: World, record: ServiceDeployment) -> tuple[AlarmArn, ...]:
    """Those that fail the deployment now."""
    if not watches(record):
        return ()
    return tuple(alarm.arn for alarm in _known(world, record.alarms) if alarm.state is AlarmState.ALARM)


def _known(world: World, arns: Iterable[AlarmArn]) -> list[Alarm]:
    return [alarm for arn in arns if (alarm := world.alarms.get(arn)) is not None]


def _looks_back(world: World, alarm: Alarm, depth: int = _DEPTH) -> float:
    """Seconds of what the alarm is evaluated on; a composite one's is that of its slowest child."""
    condition = alarm.condition
    if not isinstance(condition, CompositeCondition):
        return float(condition.period * condition.evaluation_periods)
    children = _known(world, condition.alarms) if depth else []
    return max((_looks_back(world, child, depth - 1) for child in children), default=0.0)
