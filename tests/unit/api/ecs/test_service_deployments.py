"""Service deployments and revisions, as a client sees them. The services have no tasks, so that stages pass at once."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, ComparisonOperator, MetricCondition, alarm_arn
from moyai.domain.world import Delete, Observed, Rerouting
from moyai.plan.service.scheduler import plan_service
from tests.unit.api.ecs.client import ARN, SCOPE, EcsClient

ABSENT = ARN + "service-deployment/default/web/absent"
PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}


def strategy(name: str = "BLUE_GREEN", **more: object) -> dict[str, Any]:
    bake = {"bakeTimeInMinutes": 0} if name == "BLUE_GREEN" else {}
    return {"deploymentConfiguration": {"strategy": name, **bake, **more}}


def settle(shop: EcsClient) -> None:
    """Everything the scheduler does at this instant, every caller acknowledging at once."""
    for service in shop.world.services:
        observed = Observed(reroutings={service.arn: Rerouting()})
        while changes := plan_service(shop.world, observed, service.arn, shop.now, shop.ids).changes:
            shop.store.apply(changes)


def newest(shop: EcsClient) -> dict[str, Any]:
    service_deployments = shop.call("ListServiceDeployments", service="web")["serviceDeployments"]
    arn = service_deployments[0]["serviceDeploymentArn"]
    described_service_deployments = shop.call("DescribeServiceDeployments", serviceDeploymentArns=[arn])[
        "serviceDeployments"
    ]
    found: dict[str, Any] = described_service_deployments[0]
    return found


def redeploy(shop: EcsClient, **changes: object) -> dict[str, Any]:
    """A new service deployment, as far as it goes by itself."""
    shop.later()
    shop.call("UpdateService", service="web", forceNewDeployment=True, **changes)
    settle(shop)
    return newest(shop)


@pytest.fixture
def web(shop: EcsClient) -> EcsClient:
    """A service at rest."""
    shop.service(desiredCount=0, **strategy())
    settle(shop)
    return shop


def test_a_new_service_has_a_deployment_and_a_revision(shop):
    service = shop.service(desiredCount=0)
    record = newest(shop)
    assert record["status"] == "PENDING"
    assert record["sourceServiceRevisions"] == []
    assert record["serviceDeploymentArn"] == service["currentServiceDeployment"]
    assert record["serviceDeploymentArn"].startswith(ARN + "service-deployment/default/web/")
    number = service["deployments"][0]["id"].rpartition("/")[2]
    target = record["targetServiceRevision"]["arn"]
    assert target == f"{ARN}service-revision/default/web/{number}" == service["currentServiceRevisions"][0]["arn"]
    revision = shop.call("DescribeServiceRevisions", serviceRevisionArns=[target])["serviceRevisions"][0]
    assert revision["taskDefinition"] == service["taskDefinition"]
    assert revision["networkConfiguration"] == service["networkConfiguration"]
    settle(shop)
    assert newest(shop)["status"] == "SUCCESSFUL"
    assert "currentServiceDeployment" not in shop.call("DescribeServices", services=["web"])["services"][0]


def test_describe_shows_the_state_of_the_circuit_breaker(web):
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 20}}
    assert newest(web)["deploymentCircuitBreaker"] == {"status": "DISABLED", "failureCount": 0, "threshold": 0}
    requested_strategy = strategy(lifecycleHooks=[PAUSE], deploymentCircuitBreaker=breaker)
    record = redeploy(web, **requested_strategy)
    assert record["deploymentConfiguration"]["deploymentCircuitBreaker"] == breaker
    assert record["deploymentCircuitBreaker"] == {"status": "MONITORING", "failureCount": 0, "threshold": 1}
    web.call("UpdateService", service="web", desiredCount=10)
    assert newest(web)["deploymentCircuitBreaker"] == {"status": "MONITORING", "failureCount": 0, "threshold": 2}
    web.call("UpdateService", service="web", desiredCount=0)
    record = redeploy(web, **strategy(lifecycleHooks=[]))
    assert record["status"] == "SUCCESSFUL"
    assert record["deploymentCircuitBreaker"] == {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 1}


def ring(shop: EcsClient, name: str, state: AlarmState) -> None:
    condition = MetricCondition(threshold=1, comparison=ComparisonOperator.ABOVE, evaluation_periods=1)
    shop.put(Alarm(alarm_arn(SCOPE, name), name, condition, shop.now, shop.now, shop.now, state))


def test_describe_shows_the_state_of_alarms(web):
    params = {"alarmNames": ["slow", "errors"], "enable": True, "rollback": True}
    off = {"status": "DISABLED", "alarmNames": [], "triggeredAlarmNames": []}
    assert newest(web)["alarms"] == off
    ring(web, "slow", AlarmState.OK)
    ring(web, "errors", AlarmState.INSUFFICIENT_DATA)
    record = redeploy(web, **strategy(lifecycleHooks=[PAUSE], alarms=params))
    assert record["deploymentConfiguration"]["alarms"] == params
    assert record["alarms"] == {"status": "MONITORING", "alarmNames": ["slow", "errors"], "triggeredAlarmNames": []}
    ring(web, "errors", AlarmState.ALARM)
    settle(web)
    record = newest(web)
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert record["alarms"]["status"] == "TRIGGERED"
    assert record["alarms"]["triggeredAlarmNames"] == ["errors"]
    assert "a CloudWatch alarm went to ALARM" in record["rollback"]["reason"]
    record = redeploy(web, **strategy(lifecycleHooks=[]))
    assert record["status"] == "SUCCESSFUL"
    assert record["alarms"]["status"] == "DISABLED"


def test_a_deleted_alarm_has_no_effect(web):
    ring(web, "errors", AlarmState.OK)
    redeploy(
        web, **strategy(lifecycleHooks=[PAUSE], alarms={"alarmNames": ["errors"], "enable": True, "rollback": True})
    )
    web.store.apply([Delete(Alarm, alarm_arn(SCOPE, "errors"))])
    settle(web)
    assert newest(web)["alarms"]["status"] == "MONITORING"
    web.later()
    web.call("UpdateService", service="web", desiredCount=0)
    web.fails(
        "UpdateService",
        "InvalidParameterException",
        "not found: [errors]",
        service="web",
        deploymentConfiguration={"maximumPercent": 150},
    )


def test_a_pause_waits_for_continue(web):
    record = redeploy(web, **strategy(lifecycleHooks=[PAUSE]))
    assert record["status"] == "IN_PROGRESS"
    assert record["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    (hook,) = record["lifecycleHookDetails"]
    assert (hook["targetType"], hook["status"], hook["timeoutAction"]) == ("PAUSE", "AWAITING_ACTION", "ROLLBACK")
    assert hook["expiresAt"] == web.now + 24 * 3600
    target, source = record["targetServiceRevision"], record["sourceServiceRevisions"][0]
    assert (target["requestedTestTrafficWeight"], target["requestedProductionTrafficWeight"]) == (100, 0)
    assert (source["requestedTestTrafficWeight"], source["requestedProductionTrafficWeight"]) == (0, 100)
    params = {"serviceDeploymentArn": record["serviceDeploymentArn"]}
    web.fails("ContinueServiceDeployment", "InvalidParameterException", "not awaiting action", **params, hookId="other")
    web.call("ContinueServiceDeployment", **params, hookId=hook["hookId"])
    settle(web)
    record = newest(web)
    assert record["status"] == "SUCCESSFUL"
    assert record["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100
    web.fails("ContinueServiceDeployment", "InvalidParameterException", "not awaiting", **params, hookId=hook["hookId"])


def test_a_pause_may_be_ended_with_rollback(web):
    before = web.call("DescribeServices", services=["web"])["services"][0]["deployments"][0]["id"]
    record = redeploy(web, **strategy(lifecycleHooks=[PAUSE]))
    hook = record["lifecycleHookDetails"][0]["hookId"]
    arn = record["serviceDeploymentArn"]
    web.call("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook, action="ROLLBACK")
    settle(web)
    record = newest(web)
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert "POST_TEST_TRAFFIC_SHIFT lifecycle hook" in record["rollback"]["reason"]
    assert record["rollback"]["serviceRevisionArn"] == record["sourceServiceRevisions"][0]["arn"]
    (deployment,) = web.call("DescribeServices", services=["web"])["services"][0]["deployments"]
    assert (deployment["id"], deployment["rolloutState"]) == (before, "COMPLETED")


@pytest.mark.parametrize(("action", "ends"), [("CONTINUE", "SUCCESSFUL"), ("ROLLBACK", "ROLLBACK_SUCCESSFUL")])
def test_an_unanswered_pause_times_out(web, action, ends):
    limit = {"timeoutConfiguration": {"timeoutInMinutes": 2, "action": action}}
    redeploy(web, **strategy(lifecycleHooks=[PAUSE | limit]))
    web.later(119)
    settle(web)
    assert newest(web)["status"] == "IN_PROGRESS"
    web.later(1)
    settle(web)
    assert newest(web)["status"] == ends


def test_a_stage_outside_the_model_is_shown_as_the_one_before(web):
    hook = {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}
    linear = {"stepPercent": 50, "stepBakeTimeInMinutes": 0}
    record = redeploy(web, **strategy("LINEAR", lifecycleHooks=[hook], linearConfiguration=linear))
    stages = []
    while record["status"] == "IN_PROGRESS":
        weight = record["targetServiceRevision"]["requestedProductionTrafficWeight"]
        stages.append((record["lifecycleStage"], weight))
        hook_id = record["lifecycleHookDetails"][0]["hookId"]
        web.call("ContinueServiceDeployment", serviceDeploymentArn=record["serviceDeploymentArn"], hookId=hook_id)
        settle(web)
        record = newest(web)
    assert stages == [("POST_TEST_TRAFFIC_SHIFT", 0), ("PRODUCTION_TRAFFIC_SHIFT", 50)]


@pytest.mark.parametrize("stage", ["PRE_SCALE_UP", "POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT"])
def test_a_deployment_is_stopped_before_production_traffic_moves(web, stage):
    record = redeploy(web, **strategy(lifecycleHooks=[PAUSE | {"lifecycleStages": [stage]}]))
    assert record["lifecycleStage"] == stage
    for _ in range(2):  # asked again, it is the same answer
        answer = web.call("StopServiceDeployment", serviceDeploymentArn=record["serviceDeploymentArn"])
        assert answer == {"serviceDeploymentArn": record["serviceDeploymentArn"]}
    assert newest(web)["status"] == "ROLLBACK_REQUESTED"
    settle(web)
    assert newest(web)["status"] == "ROLLBACK_SUCCESSFUL"


@pytest.mark.parametrize("stage", ["POST_PRODUCTION_TRAFFIC_SHIFT"])
def test_a_deployment_is_stopped_after_production_traffic_moved(web, stage):
    record = redeploy(web, **strategy(lifecycleHooks=[PAUSE | {"lifecycleStages": [stage]}]))
    assert record["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100
    web.call("StopServiceDeployment", serviceDeploymentArn=record["serviceDeploymentArn"], stopType="ROLLBACK")
    settle(web)
    record = newest(web)
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert record["statusReason"] == "Service deployment rolled back because StopServiceDeployment was called."
    assert record["targetServiceRevision"]["requestedProductionTrafficWeight"] == 0


def test_a_finished_deployment_cannot_be_stopped(web):
    record = newest(web)
    arn = record["serviceDeploymentArn"]
    web.fails("StopServiceDeployment", "ConflictException", "is SUCCESSFUL", serviceDeploymentArn=arn)
    web.fails("StopServiceDeployment", "ServiceDeploymentNotFoundException", "not found", serviceDeploymentArn=ABSENT)
    web.fails("StopServiceDeployment", "InvalidParameterException", "is not the ARN", serviceDeploymentArn="web")
    web.fails(
        "ContinueServiceDeployment",
        "ServiceDeploymentNotFoundException",
        "not found",
        serviceDeploymentArn=ABSENT,
        hookId="h",
    )


def test_a_first_deployment_cannot_roll_back(shop):
    shop.service(desiredCount=1)
    settle(shop)
    arn = newest(shop)["serviceDeploymentArn"]
    shop.call("StopServiceDeployment", serviceDeploymentArn=arn)
    settle(shop)
    record = newest(shop)
    assert record["status"] == "ROLLBACK_FAILED"
    assert record["statusReason"] == "No rollback candidate was found to run the rollback."


def test_an_aborted_deployment_leaves_both_revisions_with_their_traffic(web):
    hook = PAUSE | {"lifecycleStages": ["POST_PRODUCTION_TRAFFIC_SHIFT"]}
    record = redeploy(web, **strategy(lifecycleHooks=[hook]))
    web.call("StopServiceDeployment", serviceDeploymentArn=record["serviceDeploymentArn"], stopType="ABORT")
    assert newest(web)["status"] == "STOP_REQUESTED"
    settle(web)
    assert newest(web)["status"] == "STOPPED"
    assert newest(web)["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100
    (service,) = web.call("DescribeServices", services=["web"])["services"]
    assert [d["rolloutState"] for d in service["deployments"]] == ["FAILED", "COMPLETED"]
    record = redeploy(web, **strategy(lifecycleHooks=[PAUSE | {"lifecycleStages": ["RECONCILE_SERVICE"]}]))
    assert record["lifecycleStage"] == "RECONCILE_SERVICE"


def test_an_aborted_first_deployment_starts_nothing_more(shop):
    shop.service(desiredCount=2)
    settle(shop)
    (before,) = shop.call("DescribeServices", services=["web"])["services"]
    shop.call("UpdateService", service="web", desiredCount=3)
    shop.call("StopServiceDeployment", serviceDeploymentArn=newest(shop)["serviceDeploymentArn"], stopType="ABORT")
    settle(shop)
    assert newest(shop)["status"] == "STOPPED"
    (service,) = shop.call("DescribeServices", services=["web"])["services"]
    assert [d["rolloutState"] for d in service["deployments"]] == ["FAILED"]
    assert service["pendingCount"] == before["pendingCount"] == 2


def test_an_aborted_rolling_deployment_keeps_the_previous_revision_running(shop):
    shop.service(desiredCount=0)
    settle(shop)
    shop.call("UpdateService", service="web", desiredCount=2)
    settle(shop)
    record = redeploy(shop)
    shop.call("StopServiceDeployment", serviceDeploymentArn=record["serviceDeploymentArn"], stopType="ABORT")
    settle(shop)
    assert newest(shop)["status"] == "STOPPED"
    (service,) = shop.call("DescribeServices", services=["web"])["services"]
    assert [d["rolloutState"] for d in service["deployments"]] == ["FAILED", "COMPLETED"]
    assert [d["pendingCount"] for d in service["deployments"]] == [0, 2]


@pytest.mark.parametrize("stage", ["PRE_SCALE_UP", "POST_SCALE_UP"])
def test_a_rolling_deployment_waits_for_a_hook_before_its_tasks_start_and_after(shop, stage):
    shop.service(desiredCount=0)
    settle(shop)
    record = redeploy(shop, **strategy("ROLLING", lifecycleHooks=[PAUSE | {"lifecycleStages": [stage]}]))
    assert (record["status"], record["lifecycleStage"]) == ("IN_PROGRESS", stage)
    (hook,) = record["lifecycleHookDetails"]
    which = {"serviceDeploymentArn": record["serviceDeploymentArn"], "hookId": hook["hookId"]}
    shop.call("ContinueServiceDeployment", **which)
    settle(shop)
    assert newest(shop)["status"] == "SUCCESSFUL"


def test_a_rolling_deployment_starts_no_task_while_a_pre_scale_hook_waits(shop):
    shop.service(desiredCount=0)
    settle(shop)
    shop.call("UpdateService", service="web", desiredCount=2)
    record = redeploy(shop, **strategy("ROLLING", lifecycleHooks=[PAUSE | {"lifecycleStages": ["PRE_SCALE_UP"]}]))
    assert record["targetServiceRevision"]["requestedTaskCount"] == 0
    (service,) = shop.call("DescribeServices", services=["web"])["services"]
    assert [d["pendingCount"] for d in service["deployments"]] == [0, 2], "the one before it scales meanwhile"


def test_a_rolling_deployment_rolls_back_to_the_previous_one(shop):
    shop.service(desiredCount=0)
    settle(shop)
    shop.call("UpdateService", service="web", desiredCount=1)
    record = redeploy(shop)
    assert record["status"] == "IN_PROGRESS"
    assert "lifecycleStage" not in record
    assert "requestedProductionTrafficWeight" not in record["targetServiceRevision"]
    shop.call("StopServiceDeployment", serviceDeploymentArn=record["serviceDeploymentArn"])
    settle(shop)
    assert newest(shop)["status"] == "ROLLBACK_IN_PROGRESS"
    (service,) = shop.call("DescribeServices", services=["web"])["services"]
    primary = service["deployments"][0]
    assert record["sourceServiceRevisions"][0]["arn"].endswith(primary["id"].rpartition("/")[2])
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")


def test_a_new_deployment_or_deletion_stops_a_deployment(web):
    first = redeploy(web, **strategy(lifecycleHooks=[PAUSE]))["serviceDeploymentArn"]
    second = redeploy(web)["serviceDeploymentArn"]
    web.call("DeleteService", service="web")
    settle(web)
    service_deployments = web.call("DescribeServiceDeployments", serviceDeploymentArns=[first, second])[
        "serviceDeployments"
    ]
    assert [d["status"] for d in service_deployments] == ["STOPPED", "STOPPED"]
    assert "new service deployment started" in service_deployments[0]["statusReason"]
    assert "service was deleted" in service_deployments[1]["statusReason"]


def test_deployments_are_listed_newest_first_by_page_and_by_filter(web):
    for _ in range(4):
        redeploy(web)
    times = [d["createdAt"] for d in web.call("ListServiceDeployments", service="web")["serviceDeployments"]]
    assert times == sorted(times, reverse=True)
    assert len(times) == 5
    page = web.call("ListServiceDeployments", service="web", maxResults=3)
    rest = web.call("ListServiceDeployments", service="web", maxResults=3, nextToken=page["nextToken"])
    assert [d["createdAt"] for d in page["serviceDeployments"] + rest["serviceDeployments"]] == times
    assert "nextToken" not in rest
    span = {"after": times[3], "before": times[0]}
    service_deployments = web.call("ListServiceDeployments", service="web", createdAt=span)["serviceDeployments"]
    assert [d["createdAt"] for d in service_deployments] == times[1:3]
    assert web.call("ListServiceDeployments", service="web", status=["STOPPED"])["serviceDeployments"] == []
    response = web.call("ListServiceDeployments", service="web", status=["STOPPED", "SUCCESSFUL"])
    assert len(response["serviceDeployments"]) == 5
    web.fails("ListServiceDeployments", "ServiceNotFoundException", "Service not found.", service="none")
    web.fails("ListServiceDeployments", "ClusterNotFoundException", "not found", service="web", cluster="none")


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("DescribeServiceDeployments", "serviceDeploymentArns"),
        ("DescribeServiceRevisions", "serviceRevisionArns"),
    ],
)
def test_unknown_deployments_and_revisions_are_missing(web, operation, member):
    answer = web.call(operation, **{member: [ABSENT]})
    assert answer["failures"] == [{"arn": ABSENT, "reason": "MISSING"}]
    web.fails(operation, "InvalidParameterException", "cannot be empty", **{member: []})
    web.fails(operation, "InvalidParameterException", "at most 20", **{member: [f"a{n}" for n in range(21)]})


def test_settings_stay_until_the_strategy_changes(web):
    linear = {"stepPercent": 25.0, "stepBakeTimeInMinutes": 1}
    web.call("UpdateService", service="web", **strategy("LINEAR", linearConfiguration=linear, lifecycleHooks=[PAUSE]))
    service = web.call("UpdateService", service="web", deploymentConfiguration={"maximumPercent": 150})["service"]
    configuration = service["deploymentConfiguration"]
    assert configuration["linearConfiguration"] == linear
    assert configuration["lifecycleHooks"] == [PAUSE]
    assert (configuration["strategy"], configuration["maximumPercent"]) == ("LINEAR", 150)
    service = web.call("UpdateService", service="web", deploymentConfiguration={"strategy": "ROLLING"})["service"]
    configuration = service["deploymentConfiguration"]
    assert "linearConfiguration" not in configuration
    assert "lifecycleHooks" not in configuration
    assert len(web.call("ListServiceDeployments", service="web")["serviceDeployments"]) == 1
