"""Services: creation, in-place edits, deployments, deletion, lists."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.service import RolloutState, ServiceEvent, ServiceLog, ServiceStatus
from moyai.domain.ecs.task import DesiredStatus, TaskStatus
from moyai.kernel.ids import ServiceArn
from tests.unit.api.ecs.client import ARN, GROUP, NETWORK, SUBNETS, connect, container, offer, service


def test_a_new_service_has_a_deployment_without_tasks(shop):
    new_service = shop.service(tags=[{"key": "a", "value": "1"}])
    assert new_service["serviceArn"] == f"{ARN}service/default/web"
    assert (
        new_service["status"],
        new_service["desiredCount"],
        new_service["runningCount"],
        new_service["pendingCount"],
    ) == ("ACTIVE", 2, 0, 0)
    assert new_service["taskDefinition"] == f"{ARN}task-definition/web:1"
    assert (new_service["launchType"], new_service["platformVersion"]) == ("FARGATE", "LATEST")
    assert new_service["events"] == new_service["loadBalancers"] == new_service["placementStrategy"] == []
    assert new_service["tags"] == [{"key": "a", "value": "1"}]
    assert new_service["createdBy"] == "arn:aws:iam::123456789012:user/test"
    assert new_service["deploymentConfiguration"] == {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }
    [deployment] = new_service["deployments"]
    assert deployment["id"].startswith("ecs-svc/")
    assert len(deployment["id"]) == len("ecs-svc/") + 19
    assert (deployment["status"], deployment["desiredCount"]) == ("PRIMARY", 0)
    assert deployment["rolloutState"] == "IN_PROGRESS"
    assert deployment["rolloutStateReason"] == f"ECS deployment {deployment['id']} in progress."
    assert deployment["platformVersion"] == "1.4.0"
    assert deployment["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": SUBNETS,
        "securityGroups": [GROUP],
        "assignPublicIp": "DISABLED",
    }
    assert "serviceConnectConfiguration" not in deployment


def test_the_default_launch_type_of_a_fargate_definition_is_fargate(shop):
    assert shop.service(launchType=None)["launchType"] == "FARGATE"


def test_the_same_token_and_request_make_one_service(shop):
    new_service = shop.service(clientToken="t")
    assert shop.service(clientToken="t") == new_service
    shop.fails("CreateService", "InvalidParameterException", "was not idempotent.", **service(clientToken="u"))
    other = service(clientToken="t", desiredCount=3)
    shop.fails("CreateService", "InvalidParameterException", "was not idempotent.", **other)
    shop.fails("CreateService", "InvalidParameterException", "was not idempotent.", **service())


def _subnets(*subnets, **changes):
    return {"networkConfiguration": {"awsvpcConfiguration": {"subnets": list(subnets)} | changes}}


def _rolling(**changes):
    return {"deploymentConfiguration": changes}


PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:check"
HOOK = {"hookTargetArn": FUNCTION, "lifecycleStages": ["POST_SCALE_UP"]}
EARLY = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED"}
INVALID = [
    ({"networkConfiguration": None}, "Network Configuration must be provided when networkMode 'awsvpc' is specified."),
    ({"networkConfiguration": {}}, "subnets can not be empty."),
    (_subnets(), "subnets can not be empty."),
    (_subnets(*SUBNETS * 6), "at most 16"),
    (_subnets("subnet-0"), "Error retrieving subnet information for [subnet-0]"),
    (_subnets(SUBNETS[0], securityGroups=["sg-0"]), "Error retrieving security group information for [sg-0]"),
    (_subnets(SUBNETS[0], securityGroups=[GROUP] * 6), "at most 5"),
    ({"taskDefinition": "old"}, "Task definition does not support launch_type FARGATE."),
    (_rolling(minimumHealthyPercent=100, maximumPercent=100), "cannot be 100 as this will block deployments."),
    (_rolling(minimumHealthyPercent=101), "minimumHealthyPercent must be at most 100"),
    (_rolling(maximumPercent=99), "maximumPercent must be at least 100"),
    (_rolling(strategy="BLUE_GREEN"), "bakeTimeInMinutes is required with the strategy BLUE_GREEN"),
    (_rolling(strategy="BLUE_GREEN", bakeTimeInMinutes=1441), "bakeTimeInMinutes must be between 0 and 1440"),
    (_rolling(bakeTimeInMinutes=1441), "bakeTimeInMinutes must be between 0 and 1440"),
    (_rolling(earlySuccessCriteria={"enable": True}), "healthyPercent and sourceServiceRevisionCleanup are required"),
    (_rolling(earlySuccessCriteria=EARLY | {"healthyPercent": 99}), "must be at least minimumHealthyPercent"),
    (_rolling(strategy="CANARY", earlySuccessCriteria=EARLY), "is valid with the strategy ROLLING only"),
    (_rolling(strategy="CANARY", linearConfiguration={}), "linearConfiguration is valid with the strategy LINEAR only"),
    (_rolling(strategy="LINEAR", canaryConfiguration={}), "canaryConfiguration is valid with the strategy CANARY only"),
    (_rolling(strategy="LINEAR", linearConfiguration={"stepPercent": 2.9}), "stepPercent must be a multiple of 0.1"),
    (_rolling(strategy="LINEAR", linearConfiguration={"stepPercent": 33.33}), "stepPercent must be a multiple of 0.1"),
    (_rolling(strategy="LINEAR", linearConfiguration={"stepBakeTimeInMinutes": -1}), "between 0 and 1440"),
    (_rolling(strategy="CANARY", canaryConfiguration={"canaryPercent": 100.1}), "canaryPercent must be a multiple"),
    (_rolling(strategy="CANARY", canaryConfiguration={"canaryBakeTimeInMinutes": 1441}), "between 0 and 1440"),
    (
        _rolling(lifecycleHooks=[PAUSE]),
        "POST_TEST_TRAFFIC_SHIFT is not supported by moyai: a ROLLING deployment moves no",
    ),
    (
        _rolling(strategy="CANARY", lifecycleHooks=[PAUSE | {"hookTargetArn": FUNCTION}]),
        "a PAUSE hook has no hookTargetArn",
    ),
    (
        _rolling(strategy="CANARY", lifecycleHooks=[{"lifecycleStages": ["PRE_SCALE_UP"]}]),
        "hookTargetArn must be the ARN of a Lambda function",
    ),
    (
        _rolling(strategy="CANARY", lifecycleHooks=[PAUSE | {"lifecycleStages": []}]),
        "Lifecycle stage cannot be null or",
    ),
    (
        _rolling(strategy="CANARY", lifecycleHooks=[PAUSE | {"lifecycleStages": ["TEST_TRAFFIC_SHIFT"]}]),
        "PAUSE hooks cannot be configured at TEST_TRAFFIC_SHIFT",
    ),
    (
        _rolling(
            deploymentCircuitBreaker={
                "enable": True,
                "rollback": True,
                "thresholdConfiguration": {"type": "COUNT", "value": 0},
            }
        ),
        "deploymentCircuitBreaker.thresholdConfiguration.value must be at least 1",
    ),
    (_rolling(alarms={"enable": True, "rollback": True, "alarmNames": ["a", "b"]}), "not found: [a, b]"),
    (_rolling(alarms={"enable": True, "rollback": True, "alarmNames": []}), "alarmNames must have 1 to 100 names"),
    (
        _rolling(strategy="CANARY", lifecycleHooks=[HOOK | {"hookTargetArn": "a"}]),
        "hookTargetArn must be the ARN of a Lambda function",
    ),
    (_rolling(strategy="CANARY", lifecycleHooks=[HOOK | {"hookDetails": {"a": "b" * 20000}}]), "at most 16384 bytes"),
    (_rolling(strategy="CANARY", lifecycleHooks=[HOOK | {"hookDetails": "[]"}]), "hookDetails"),
    (_rolling(strategy="CANARY", lifecycleHooks=[HOOK | {"timeoutConfiguration": {"timeoutInMinutes": 1441}}]), "1440"),
    (
        _rolling(lifecycleHooks=[HOOK | {"lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"]}]),
        "a ROLLING deployment moves no",
    ),
    ({"desiredCount": -1}, "desiredCount must be between"),
    ({"desiredCount": 5001}, "desiredCount must be between"),
    ({"deploymentController": {"type": "CODE_DEPLOY"}}, "deploymentController.type: CODE_DEPLOY is not supported"),
    ({"healthCheckGracePeriodSeconds": -1}, "must not be negative"),
    ({"loadBalancers": [{"loadBalancerName": "lb"}]}, "loadBalancerName: not supported by moyai: there are no Classic"),
    ({"placementStrategy": [{"type": "random"}]}, "Placement strategies are not supported with FARGATE launch type"),
    ({"propagateTags": "ALL"}, "should be one of"),
]
"""Wrong for CreateService and for UpdateService alike."""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *INVALID,
        ({"serviceName": "a b"}, "serviceName must be"),
        ({"serviceName": ""}, "serviceName must be"),
        ({"desiredCount": None}, "DesiredCount is missing"),
        ({"taskDefinition": None}, "TaskDefinition can not be blank."),
        ({"launchType": "MANAGED_INSTANCES"}, "launchType: MANAGED_INSTANCES is not supported by moyai"),
        ({"launchType": "EXTERNAL"}, "Task definition does not support launch_type EXTERNAL."),
        ({"schedulingStrategy": "DAEMON"}, "The daemon scheduling strategy does not support a desired count"),
        ({"clientToken": "x" * 37}, "idempotency token longer than 36."),
        ({"role": "r"}, "role is for services with a load balancer only."),
        ({"tags": [{"key": "aws:a", "value": ""}]}, "reserved"),
    ],
)
def test_invalid_services_are_refused(shop, changes, message):
    _ec2_definition(shop)
    shop.fails("CreateService", "InvalidParameterException", message, **(service() | changes))


@pytest.mark.parametrize(
    ("changes", "message"), [case for case in INVALID if case[0] != {"networkConfiguration": None}]
)
def test_invalid_updates_are_refused(shop, changes, message):
    _ec2_definition(shop)
    shop.service()
    shop.fails("UpdateService", "InvalidParameterException", message, service="web", **changes)


def _ec2_definition(shop):
    shop.call("RegisterTaskDefinition", family="old", containerDefinitions=[container(memory=64, portMappings=[])])


@pytest.mark.parametrize(
    ("definition", "code", "message"),
    [
        ("none", "ClientException", "TaskDefinition not found."),
        ("web:9", "ClientException", "TaskDefinition not found."),
        ("web:2", "ClientException", "TaskDefinition is inactive"),
        ("web:latest", "InvalidParameterException", "Invalid revision number. Number: latest"),
    ],
)
def test_an_unusable_task_definition_is_refused(shop, definition, code, message):
    shop.definition()
    shop.call("DeregisterTaskDefinition", taskDefinition="web:2")
    shop.fails("CreateService", code, message, **service(taskDefinition=definition))
    shop.fails("RunTask", code, message, taskDefinition=definition, networkConfiguration=NETWORK)
    shop.service()
    shop.fails("UpdateService", code, message, service="web", taskDefinition=definition)


def test_an_unknown_platform_version_is_refused(shop):
    shop.fails("CreateService", "PlatformUnknownException", "does not exist", **service(platformVersion="9.9"))


IN_PLACE = [
    {"desiredCount": 5},
    {"deploymentConfiguration": {"minimumHealthyPercent": 50}},
    {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}},
    {"deploymentConfiguration": {"strategy": "LINEAR"}},
    {"healthCheckGracePeriodSeconds": 30},
    {"propagateTags": "SERVICE"},
    {"enableECSManagedTags": True},
    {"taskDefinition": "web:1", "networkConfiguration": NETWORK, "platformVersion": "LATEST"},
]


@pytest.mark.parametrize("changes", IN_PLACE, ids=str)
def test_an_update_in_place_keeps_the_deployment(shop, changes):
    new_service = shop.service()
    shop.later()
    updated_service = shop.call("UpdateService", service="web", **changes)["service"]
    assert updated_service["deployments"] == new_service["deployments"]
    plain = {
        name: value for name, value in changes.items() if isinstance(value, int | str) and name != "taskDefinition"
    }
    assert {name: updated_service[name] for name in plain} == plain


NEW_DEPLOYMENT = [
    {"forceNewDeployment": True},
    {"taskDefinition": "web"},
    {"taskDefinition": f"{ARN}task-definition/web:2"},
    {"networkConfiguration": {"awsvpcConfiguration": {"subnets": SUBNETS[:1]}}},
    {"platformVersion": "1.4.0"},
    {"serviceConnectConfiguration": connect(offer())},
    {"serviceConnectConfiguration": {"enabled": False}},
]


@pytest.mark.parametrize("changes", NEW_DEPLOYMENT, ids=str)
def test_an_update_of_task_settings_starts_a_deployment(shop, changes):
    deployment = shop.service()["deployments"][0]
    current_service = shop.world.services[f"{ARN}service/default/web"]
    done_primary = replace(current_service.primary, rollout_state=RolloutState.COMPLETED, desired_count=2)
    shop.put(replace(current_service, deployments=(done_primary,)))
    shop.definition()
    shop.later()
    new, old = shop.call("UpdateService", service="web", **changes)["service"]["deployments"]
    assert (new["status"], new["desiredCount"], new["rolloutState"]) == ("PRIMARY", 0, "IN_PROGRESS")
    assert new["createdAt"] == shop.now
    assert (old["id"], old["status"], old["rolloutState"]) == (deployment["id"], "ACTIVE", "COMPLETED")
    assert (old["desiredCount"], old["createdAt"]) == (2, deployment["createdAt"])


def test_a_deployment_pins_the_revision_it_was_made_with(shop):
    shop.service()
    shop.definition()
    shop.call("DeregisterTaskDefinition", taskDefinition="web:1")
    assert _describe(shop)["taskDefinition"].endswith("web:1")
    scaled_service = shop.call("UpdateService", service="web", desiredCount=3)["service"]
    assert scaled_service["taskDefinition"].endswith("web:1")
    moved_service = shop.call("UpdateService", service="web", taskDefinition="web")["service"]
    assert moved_service["taskDefinition"].endswith("web:2")


def test_an_update_keeps_omitted_percentages(shop):
    shop.service(deploymentConfiguration={"minimumHealthyPercent": 50, "maximumPercent": 150})
    updated_service = shop.call("UpdateService", service="web", deploymentConfiguration={"maximumPercent": 300})[
        "service"
    ]
    percents = updated_service["deploymentConfiguration"]
    assert (percents["minimumHealthyPercent"], percents["maximumPercent"]) == (50, 300)


def test_disabled_values_of_unsupported_members_are_accepted(shop):
    shop.service(
        loadBalancers=[],
        serviceRegistries=[],
        placementConstraints=[],
        enableExecuteCommand=False,
        availabilityZoneRebalancing="DISABLED",
        schedulingStrategy="REPLICA",
        deploymentController={"type": "ECS"},
        deploymentConfiguration={
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "alarms": {"alarmNames": [], "enable": False, "rollback": False},
        },
    )


def _describe(shop, name="web", **params):
    return shop.call("DescribeServices", services=[name], **params)["services"][0]


def test_deleting_a_service_with_tasks_requires_force(shop):
    shop.service()
    shop.fails("DeleteService", "InvalidParameterException", "while it is scaled above 0.", service="web")
    removed_service = shop.call("DeleteService", service="web", force=True)["service"]
    assert (removed_service["status"], removed_service["desiredCount"]) == ("DRAINING", 0)
    assert shop.call("DeleteService", service="web")["service"]["status"] == "DRAINING"
    assert shop.call("ListServices")["serviceArns"] == []
    assert _describe(shop)["status"] == "DRAINING"
    shop.fails("UpdateService", "ServiceNotActiveException", "Service was not ACTIVE.", service="web")
    message = "Unable to Start a service that is still Draining."
    shop.fails("CreateService", "InvalidParameterException", message, **service())


def test_a_service_scaled_to_zero_is_deleted_without_force(shop):
    shop.service(desiredCount=0)
    assert shop.call("DeleteService", service="web")["service"]["status"] == "DRAINING"


def test_the_name_of_an_inactive_service_can_be_reused(shop):
    shop.service()
    key = ServiceArn(f"{ARN}service/default/web")
    shop.put(replace(shop.world.services[key], status=ServiceStatus.INACTIVE))
    shop.put(ServiceLog(key, (ServiceEvent("1", shop.now, "old"),)))
    shop.fails("DeleteService", "ServiceNotFoundException", "Service not found.", service="web")
    shop.fails("UpdateService", "ServiceNotActiveException", "Service was not ACTIVE.", service="web")
    shop.later(5)
    again = shop.service()
    assert (again["status"], again["events"], again["createdAt"]) == ("ACTIVE", [], shop.now)


def test_unknown_services_are_missing_or_not_found(shop):
    for operation in ("UpdateService", "DeleteService"):
        shop.fails(operation, "ServiceNotFoundException", "Service not found.", service="none")
    shop.fails("CreateService", "ClusterNotFoundException", "Cluster not found.", **service(cluster="none"))
    shop.fails("DescribeServices", "ClusterNotFoundException", "Cluster not found.", services=["a"], cluster="none")
    answer = shop.call("DescribeServices", services=["none"])
    assert answer["services"] == []
    assert answer["failures"] == [{"arn": f"{ARN}service/default/none", "reason": "MISSING"}]
    message = "Invalid identifier: Identifier is for cluster other. Your cluster is default"
    shop.fails("DescribeServices", "InvalidParameterException", message, services=[f"{ARN}service/other/web"])
    shop.fails("DescribeServices", "InvalidParameterException", "cannot be empty", services=[])
    shop.fails("DescribeServices", "InvalidParameterException", "at most 10", services=["a"] * 11)


@pytest.mark.parametrize("name", ["web", f"{ARN}service/default/web", f"{ARN}service/web"])
def test_a_service_is_found_by_name_and_by_both_arns(shop, name):
    shop.service()
    assert _describe(shop, name)["serviceName"] == "web"


def test_tags_are_described_on_request(shop):
    shop.service(tags=[{"key": "a", "value": "1"}])
    assert _describe(shop)["tags"] == []
    assert _describe(shop, include=["TAGS"])["tags"] == [{"key": "a", "value": "1"}]


def test_counts_include_only_tasks_that_should_run(shop):
    new_service = shop.service()
    [base] = shop.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK)["tasks"]
    record = replace(
        shop.world.tasks[base["taskArn"]],
        service=new_service["serviceArn"],
        deployment=new_service["deployments"][0]["id"],
        last_status=TaskStatus.RUNNING,
    )
    pending = replace(record, arn=record.arn[:-1] + "x", last_status=TaskStatus.ACTIVATING)
    stopping = replace(record, arn=record.arn[:-1] + "y", desired_status=DesiredStatus.STOPPED)
    shop.put(record, pending, stopping)
    shown = _describe(shop)
    assert (shown["runningCount"], shown["pendingCount"]) == (1, 1)
    assert (shown["deployments"][0]["runningCount"], shown["deployments"][0]["pendingCount"]) == (1, 1)


def test_lists_have_pages_of_ten_and_filters(shop):
    for number in range(12):
        shop.service(f"s{number:02}")
    first = shop.call("ListServices")
    assert len(first["serviceArns"]) == 10
    rest = shop.call("ListServices", nextToken=first["nextToken"])
    assert [arn.rpartition("/")[2] for arn in rest["serviceArns"]] == ["s10", "s11"]
    assert shop.call("ListServices", launchType="EC2")["serviceArns"] == []
    assert shop.call("ListServices", schedulingStrategy="DAEMON")["serviceArns"] == []
    assert shop.call("ListServices", resourceManagementType="ECS")["serviceArns"] == []
    token = first["nextToken"]
    shop.fails("ListServices", "InvalidParameterException", "another call", nextToken=token, launchType="FARGATE")


def test_regions_are_isolated(shop):
    shop.service()
    other = f"arn:aws:ecs:eu-west-1:{ARN.split(':')[4]}:cluster/default"
    shop.fails("ListServices", "InvalidParameterException", "Invalid Region in ARN", cluster=other)
    definition = f"arn:aws:ecs:eu-west-1:{ARN.split(':')[4]}:task-definition/web:1"
    shop.fails("RunTask", "InvalidParameterException", "Invalid Region in ARN", taskDefinition=definition)


@pytest.mark.parametrize(
    ("asked", "most", "afterwards"),
    [
        (None, 200, "ENABLED"),
        (None, 100, "DISABLED"),
        ("DISABLED", 200, "DISABLED"),
        ("ENABLED", 150, "ENABLED"),
    ],
)
def test_zone_rebalancing_is_on_by_default_where_bounds_allow_a_move(shop, asked, most, afterwards):
    bounds = {"maximumPercent": most, "minimumHealthyPercent": 50}
    wish = {} if asked is None else {"availabilityZoneRebalancing": asked}
    assert shop.service("even", deploymentConfiguration=bounds, **wish)["availabilityZoneRebalancing"] == afterwards


def test_zone_rebalancing_is_refused_where_bounds_allow_no_move(shop):
    bounds = {"maximumPercent": 100, "minimumHealthyPercent": 50}
    wish = {"deploymentConfiguration": bounds, "availabilityZoneRebalancing": "ENABLED"}
    message = "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration"
    shop.fails("CreateService", "InvalidParameterException", message, **service("even", **wish))
    shop.service("even", availabilityZoneRebalancing="ENABLED")
    shop.fails("UpdateService", "InvalidParameterException", message, service="even", **wish)
    unset = shop.call("UpdateService", service="even", desiredCount=3)["service"]
    assert unset["availabilityZoneRebalancing"] == "ENABLED"
    without_room = shop.call("UpdateService", service="even", deploymentConfiguration=bounds)["service"]
    assert without_room["availabilityZoneRebalancing"] == "DISABLED"
