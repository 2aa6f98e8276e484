"""Deployments that fail, with the AWS CLI: the circuit breaker, an alarm, a lifecycle hook's function that says no."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.hook_function import hook_function
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:check"
PLACE = ("--cluster", "failures")
ERRORS: dict[str, Any] = {
    "Namespace": "Failures",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 10,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


@pytest.fixture(scope="module")
def cluster(server: Installation) -> Cluster:
    new_cluster = Cluster(server, "failures")
    for name in ("broken", "hooked", "watched"):
        new_cluster.serve(
            name, new_cluster.define(name, shell("sleep 1000")), count=3 if name == "broken" else 1, connect=False
        )
    server.aws("ecs", "wait", "services-stable", *PLACE, "--services", "broken", "hooked", "watched")
    return new_cluster


@pytest.fixture
def function() -> Iterator[tuple[str, list[Any]]]:
    """A function's URL and its payloads; its answer always is FAILED."""
    with hook_function("FAILED") as url_and_events:
        yield url_and_events


def deploy(cluster: Cluster, service: str, definition: str, **configuration: object) -> Any:
    """Bring out a definition, and wait; the service deployment."""
    aws = cluster.installation.aws
    which = (*PLACE, "--service", service)
    settings = ("--deployment-configuration", json.dumps(configuration))
    started_service = aws("ecs", "update-service", *which, "--task-definition", definition, *settings)["service"]
    aws("ecs", "wait", "services-stable", *PLACE, "--services", service)
    return describe_deployment(cluster, started_service["currentServiceDeployment"])


def describe_deployment(cluster: Cluster, arn: str) -> Any:
    """A service deployment as it stands."""
    answer = cluster.installation.aws("ecs", "describe-service-deployments", "--service-deployment-arns", arn)
    return answer["serviceDeployments"][0]


def test_a_deployment_with_a_missing_image_is_rolled_back(cluster):
    before = cluster.service("broken")["deployments"][0]
    breaker = {"enable": True, "rollback": True}
    definition = cluster.define("broken", shell("sleep 1000", image="moyai.local/nowhere:1"))
    record = deploy(cluster, "broken", definition, deploymentCircuitBreaker=breaker)
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert (
        record["statusReason"] == "Service deployment rolled back because the circuit breaker threshold was exceeded."
    )
    assert record["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    service = cluster.service("broken")
    (after,) = service["deployments"]
    assert (after["id"], after["createdAt"], after["rolloutState"]) == (before["id"], before["createdAt"], "COMPLETED")
    failed = record["targetServiceRevision"]["arn"].rpartition("/")[2]
    expected_lines = [
        f"(deployment ecs-svc/{failed}) deployment failed: tasks failed to start.",
        f"rolling back to deployment {before['id']}.",
        f"(deployment {before['id']}) deployment completed.",
        "has reached a steady state.",
    ]

    def lines() -> list[str]:
        events = reversed(cluster.service("broken")["events"])
        return [event["message"].removeprefix("(service broken) ") for event in events]

    eventually(lambda: lines()[-4:] == expected_lines, "the events say what happened")


def test_a_metric_alarm_rolls_the_deployment_back(cluster):
    cloudwatch = cluster.installation.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="errors", **ERRORS)
    cloudwatch.put_composite_alarm(AlarmName="unwell", AlarmRule="ALARM(errors)")

    def states() -> set[str]:
        response = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return {alarm["StateValue"] for alarm in (*response["MetricAlarms"], *response["CompositeAlarms"])}

    eventually(lambda: states() == {"OK"}, "all is well")
    [before] = cluster.service("watched")["deployments"]
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    watching = {"alarms": alarms, "bakeTimeInMinutes": 5}
    definition = cluster.define("watched", shell("sleep 1000"))
    cluster.update("watched", taskDefinition=definition, deploymentConfiguration=watching)
    arn = cluster.service("watched")["currentServiceDeployment"]
    eventually(lambda: [task["taskDefinitionArn"] for task in cluster.tasks("watched")] == [definition], "it bakes")

    def cause_alarm() -> bool:  # a period of ten seconds may be over before anybody evaluates it
        cloudwatch.put_metric_data(Namespace="Failures", MetricData=[{"MetricName": "Errors", "Value": 1.0}])
        return "ALARM" in states()

    eventually(cause_alarm, "the alarm is raised")
    eventually(lambda: describe_deployment(cluster, arn)["status"] == "ROLLBACK_SUCCESSFUL", "it is taken back")
    assert describe_deployment(cluster, arn)["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors"],
        "triggeredAlarmNames": ["errors"],
    }
    assert [deployment["id"] for deployment in cluster.service("watched")["deployments"]] == [before["id"]]

    def history() -> list[str]:
        answer = cloudwatch.describe_alarm_history(AlarmName="unwell", AlarmTypes=["CompositeAlarm"])
        return [item["HistorySummary"] for item in answer["AlarmHistoryItems"]]

    eventually(lambda: "Alarm updated from OK to ALARM" in history(), "the composite alarm was raised")


def test_a_failing_lifecycle_hook_rolls_the_deployment_back(cluster, function):
    url, calls = function
    cluster.installation.moyai("hook", "put", FUNCTION, url)
    assert f"{FUNCTION}  {url}" in cluster.installation.moyai("hook", "list")
    hook = {"hookTargetArn": FUNCTION, "lifecycleStages": ["POST_SCALE_UP"], "hookDetails": {"bucket": "b"}}
    definition = cluster.define("hooked", shell("sleep 1000"))
    record = deploy(cluster, "hooked", definition, strategy="BLUE_GREEN", bakeTimeInMinutes=0, lifecycleHooks=[hook])
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert record["statusReason"].endswith(f"Lifecycle hook target {FUNCTION} returned FAILED status.")
    (event,) = calls
    assert (event["lifecycleStage"], event["hookDetails"]) == ("POST_SCALE_UP", {"bucket": "b"})
    assert event["resourceArn"] == record["serviceDeploymentArn"]
    cluster.installation.moyai("hook", "rm", FUNCTION)
    assert cluster.installation.moyai("hook", "list").strip() == "There are no functions."
