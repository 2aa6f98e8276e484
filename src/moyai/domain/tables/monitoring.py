"""The tables of CloudWatch, CloudWatch Logs and Application Auto Scaling."""

from __future__ import annotations

from moyai.domain.autoscaling.activity import ScalingActivity
from moyai.domain.autoscaling.policy import ScalingPolicy
from moyai.domain.autoscaling.target import ScalableTarget, ScheduledAction
from moyai.domain.cloudwatch.alarm import Alarm, AlarmEvent, CompositeCondition
from moyai.domain.cloudwatch.anomaly_detector import AnomalyDetector
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.keys import scope_of
from moyai.domain.logs.group import LogGroup, LogStream
from moyai.domain.logs.metric_filter import MetricFilter
from moyai.domain.logs.query_definition import QueryDefinition
from moyai.domain.logs.resource_policy import LogsResourcePolicy
from moyai.domain.logs.subscription_filter import SubscriptionFilter
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import own_scope, scope_in_arn


class MonitoringTables:
    """Alarms, dashboards, log groups, and the targets and policies of scaling."""

    alarms = TableSpec(
        Alarm,
        scope=scope_in_arn,
        action=lambda a: a.actions.all,
        child=lambda a: a.condition.alarms if isinstance(a.condition, CompositeCondition) else (),
    )
    """``action``: the actions of any state; ``child``: the alarms that a composite alarm names."""
    alarm_history = TableSpec(AlarmEvent, scope=scope_in_arn, alarm=lambda e: (e.arn,))
    dashboards = TableSpec(Dashboard, scope=scope_in_arn, account=lambda d: (scope_of(d.arn).account,))

    anomaly_detectors = TableSpec(AnomalyDetector, scope=own_scope)
    log_groups = TableSpec(LogGroup, scope=scope_in_arn, id=lambda g: (g.id,))
    log_streams = TableSpec(LogStream, group=lambda s: (s.group,), id=lambda s: (s.id,))

    metric_filters = TableSpec(MetricFilter, group=lambda f: (f.group,))
    subscription_filters = TableSpec(SubscriptionFilter, group=lambda f: (f.group,))
    logs_resource_policies = TableSpec(LogsResourcePolicy, scope=own_scope)
    query_definitions = TableSpec(QueryDefinition, scope=own_scope)

    scalable_targets = TableSpec(ScalableTarget, scope=scope_in_arn, arn=lambda t: (t.arn,))
    scaling_policies = TableSpec(ScalingPolicy, scope=scope_in_arn, service=lambda p: (p.service,))
    scaling_activities = TableSpec(ScalingActivity, scope=scope_in_arn, service=lambda a: (a.arn,))
    scheduled_actions = TableSpec(ScheduledAction, scope=scope_in_arn, service=lambda a: (a.service,))
