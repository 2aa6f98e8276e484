"""A service that is really busy gets another task, and loses it when it is idle; the control plane dies in between."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.e2e.stack import Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

PATIENCE = 180.0
BUSY_FOR = 45
RESOURCE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/scaling/busy",
    "ScalableDimension": "ecs:service:DesiredCount",
}
DIMENSIONS = [{"Name": "ClusterName", "Value": "scaling"}, {"Name": "ServiceName", "Value": "busy"}]


class ScaledService:
    """The service and what scales it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.scaling = cluster.installation.client("application-autoscaling")
        self.cloudwatch = cluster.installation.client("cloudwatch")

    def step(self, name: str, by: int, comparison: str, threshold: float) -> None:
        bound = "MetricIntervalLowerBound" if by > 0 else "MetricIntervalUpperBound"
        steps: dict[str, Any] = {
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{bound: 0.0, "ScalingAdjustment": by}],
            "Cooldown": 5,
        }
        policy = self.scaling.put_scaling_policy(
            **RESOURCE, PolicyName=name, PolicyType="StepScaling", StepScalingPolicyConfiguration=steps
        )["PolicyARN"]
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/ECS",
            MetricName="CPUUtilization",
            Dimensions=DIMENSIONS,
            Statistic="Average",
            Period=10,
            EvaluationPeriods=2,
            Threshold=threshold,
            ComparisonOperator=comparison,
            AlarmActions=[policy],
        )

    def runs(self, count: int) -> bool:
        service = self.cluster.service("busy")
        return bool(service["desiredCount"] == count == service["runningCount"])

    @property
    def activities(self) -> list[str]:
        """The scaling activities, the oldest first."""
        scaling_activities = self.scaling.describe_scaling_activities(**RESOURCE)["ScalingActivities"]
        return [f"{one['Description']} {one['StatusCode']}" for one in reversed(scaling_activities)]


def test_the_desired_count_follows_real_load(make_installation):
    installation = make_installation()
    installation.up()
    cluster = Cluster(installation, "scaling")
    scaled_service = ScaledService(cluster)
    line = f"timeout {BUSY_FOR} sh -c 'while :; do :; done'; sleep 3600"
    cluster.serve("busy", cluster.define("busy", shell(line), cpu="256", memory="512"), connect=False)
    cluster.steady("busy")
    scaled_service.scaling.register_scalable_target(**RESOURCE, MinCapacity=1, MaxCapacity=2)
    scaled_service.step("busy", 1, "GreaterThanThreshold", 50.0)
    eventually(partial(scaled_service.runs, 2), "another task", PATIENCE)
    installation.kill()
    installation.up()
    scaled_service.step("idle", -1, "LessThanThreshold", 10.0)
    eventually(partial(scaled_service.runs, 1), "one task less", PATIENCE)
    done = ["Setting desired count to 2. Successful", "Setting desired count to 1. Successful"]
    eventually(lambda: scaled_service.activities == done, "the activities' end", PATIENCE)
