"""Records for tests that a world's builder does not make: CloudWatch alarms, and App Mesh proxies of definitions."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, ComparisonOperator, MetricCondition, alarm_arn
from moyai.domain.ecs.environment import KeyValuePair
from moyai.domain.ecs.proxy_configuration import APPMESH, ProxyConfiguration
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import Put
from moyai.testing.world import SCOPE, Builder

PROXY = "envoy"


def with_app_mesh_proxy(build: Builder, definition: TaskDefinition, *app_ports: int) -> TaskDefinition:
    """Record the definition with its container ``envoy`` as the proxy of its tasks' traffic."""
    settings = {"IgnoredUID": "1337", "ProxyEgressPort": "15001"}
    if app_ports:
        settings |= {"ProxyIngressPort": "15000", "AppPorts": ",".join(map(str, app_ports))}
    properties = tuple(KeyValuePair(*pair) for pair in settings.items())
    with_proxy = replace(definition, proxy_configuration=ProxyConfiguration(PROXY, APPMESH, properties))
    build.book.apply([Put(with_proxy)])
    return with_proxy


def put_alarm(build: Builder, name: str, state: AlarmState) -> None:
    """Record an alarm with two evaluation periods in this state."""
    now = build.clock.now()
    condition = MetricCondition(threshold=1, comparison=ComparisonOperator.ABOVE, evaluation_periods=2)
    build.book.apply([Put(Alarm(alarm_arn(SCOPE, name), name, condition, now, now, now, state))])
