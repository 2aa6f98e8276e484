"""The tables of Application Auto Scaling, each with the indexes that its readers need."""

from __future__ import annotations

from moyai.domain.autoscaling.activity import ScalingActivity
from moyai.domain.autoscaling.policy import ScalingPolicy
from moyai.domain.autoscaling.scheduled import ScheduledAction
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.table import Table


def scalable_targets() -> Table[ScalableTarget]:
    """By scope and ARN."""
    return Table({"scope": lambda t: (scope_key(scope_of(t.arn)),), "arn": lambda t: (t.arn,)})


def scaling_policies() -> Table[ScalingPolicy]:
    """By scope and service."""
    return Table({"scope": lambda p: (scope_key(scope_of(p.arn)),), "service": lambda p: (p.service,)})


def scheduled_actions() -> Table[ScheduledAction]:
    """By scope and service."""
    return Table({"scope": lambda a: (scope_key(scope_of(a.arn)),), "service": lambda a: (a.service,)})


def scaling_activities() -> Table[ScalingActivity]:
    """By scope and service."""
    return Table({"scope": lambda a: (scope_key(scope_of(a.arn)),), "service": lambda a: (a.arn,)})
