"""Tasks: run, stop, describe, list."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.task import DesiredStatus, TaskStatus
from moyai.domain.sandbox.pull import PullProgress
from moyai.kernel.ids import ClusterArn
from moyai.plan.task.launch import LaunchRequest, launch
from tests.unit.api.ecs.client import ARN, NETWORK, SUBNETS


def _run(shop, **changes):
    return shop.call("RunTask", **({"taskDefinition": "web", "networkConfiguration": NETWORK} | changes))["tasks"]


def test_a_new_task(shop):
    [task] = _run(shop, startedBy="ECS Deploy", tags=[{"key": "a", "value": "1"}])
    assert task["taskArn"].startswith(f"{ARN}task/default/")
    assert (task["lastStatus"], task["desiredStatus"], task["version"]) == ("PROVISIONING", "RUNNING", 1)
    assert (task["group"], task["startedBy"], task["launchType"]) == ("family:web", "ECS Deploy", "FARGATE")
    assert (task["cpu"], task["memory"], task["platformVersion"]) == ("256", "512", "1.4.0")
    assert task["fargateEphemeralStorage"] == {"sizeInGiB": 20}
    assert task["overrides"] == {"containerOverrides": [{"name": "app"}], "inferenceAcceleratorOverrides": []}
    assert task["tags"] == [{"key": "a", "value": "1"}]
    assert "startedAt" not in task
    [attachment] = task["attachments"]
    assert (attachment["type"], attachment["status"]) == ("ElasticNetworkInterface", "PRECREATED")
    assert [detail["name"] for detail in attachment["details"]] == ["subnetId"]
    [container] = task["containers"]
    assert (container["name"], container["image"], container["cpu"], container["lastStatus"]) == (
        "app",
        "moyai.local/host",
        "0",
        "PENDING",
    )
    assert container["networkInterfaces"] == container["networkBindings"] == []


def test_a_task_shows_its_network(shop):
    [task] = _run(shop)
    shop.put(replace(shop.world.tasks[task["taskArn"]], last_status=TaskStatus.RUNNING, started_at=shop.now))
    [described_task] = shop.call("DescribeTasks", tasks=[task["taskArn"]])["tasks"]
    [attachment] = described_task["attachments"]
    details = {detail["name"]: detail["value"] for detail in attachment["details"]}
    assert attachment["status"] == "ATTACHED"
    names = {"subnetId", "networkInterfaceId", "macAddress", "privateDnsName", "privateIPv4Address"}
    assert details.keys() == names
    assert described_task["containers"][0]["networkInterfaces"] == [
        {"attachmentId": attachment["id"], "privateIpv4Address": details["privateIPv4Address"]}
    ]
    assert described_task["startedAt"] == shop.now


def test_a_task_that_downloads_an_image_shows_how_far_it_is(shop):
    [task] = _run(shop)
    stored_task = shop.world.tasks[task["taskArn"]]
    progress = PullProgress("registry", layers=12, present=7, pulled=2, received=1000, total=2000, seconds=1.5)
    containers = (replace(stored_task.containers[0], pull=progress),)
    shop.put(replace(stored_task, last_status=TaskStatus.PENDING, containers=containers))
    [described_task] = shop.call("DescribeTasks", tasks=[task["taskArn"]])["tasks"]
    attributes = {attribute["name"]: attribute["value"] for attribute in described_task["attributes"]}
    assert json.loads(attributes["moyai.image-pull.app"]) == {
        "source": "registry",
        "layers": 12,
        "present": 7,
        "pulled": 2,
        "received": 1000,
        "total": 2000,
    }
    assert [attribute["name"] for attribute in task["attributes"]] == ["ecs.cpu-architecture"]


def test_the_proxy_is_a_container_without_an_image_and_an_attachment(shop):
    definition = shop.world.task_definitions[f"{ARN}task-definition/web:1"]
    view = ConnectView(next(iter(shop.world.namespaces)).arn)
    launch_request = LaunchRequest(
        cluster=ClusterArn(f"{ARN}cluster/default"), definition=definition, group="service:web", view=view
    )
    task = launch(shop.world, launch_request, shop.now, shop.ids)
    shop.put(task)
    [described_task] = shop.call("DescribeTasks", tasks=[task.id])["tasks"]
    app, proxy = described_task["containers"]
    assert "image" in app
    assert proxy["name"].startswith("ecs-service-connect-")
    assert not {"image", "cpu", "memory"} & proxy.keys()
    attachment = described_task["attachments"][1]
    assert attachment["type"] == "ServiceConnect"
    assert attachment["details"] == [{"name": "ContainerName", "value": proxy["name"]}]
    assert {"name": proxy["name"]} in described_task["overrides"]["containerOverrides"]


def test_tasks_of_one_call_have_distinct_addresses_and_spread_over_zones(shop):
    tasks = _run(shop, count=6)
    records = [shop.world.tasks[task["taskArn"]] for task in tasks]
    assert len({record.interface.address for record in records}) == 6
    assert len({record.availability_zone for record in records}) == 3


def test_overrides_are_normalised_and_described(shop):
    app = {"name": "app", "command": ["x"], "environment": [{"name": "A", "value": "1"}], "memory": 256}
    [task] = _run(shop, overrides={"containerOverrides": [app], "cpu": ".5 vCPU", "memory": "1 GB"})
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    assert task["overrides"]["containerOverrides"] == [app]
    assert (task["overrides"]["cpu"], task["overrides"]["memory"]) == ("512", "1024")
    assert task["containers"][0]["memory"] == "256"


def test_tags_are_propagated_and_managed(shop):
    shop.definition(tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    tags = [{"key": "b", "value": "3"}]
    [task] = _run(shop, tags=tags, propagateTags="TASK_DEFINITION", enableECSManagedTags=True)
    assert {tag["key"]: tag["value"] for tag in task["tags"]} == {
        "a": "1",
        "b": "3",
        "aws:ecs:clusterName": "default",
    }


def test_the_same_token_and_request_make_the_same_tasks(shop):
    tasks = _run(shop, count=2, clientToken="t")
    assert {t["taskArn"] for t in _run(shop, count=2, clientToken="t")} == {t["taskArn"] for t in tasks}
    assert len(shop.world.tasks) == 2
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK, "clientToken": "t"}
    conflict = shop.fails("RunTask", "ConflictException", "clientToken", **params)
    assert conflict.detail["resource_ids"] == [t["taskArn"] for t in tasks]
    shop.call("CreateCluster", clusterName="other")
    assert len(_run(shop, cluster="other", clientToken="t")) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networkConfiguration": None}, "Network Configuration must be provided"),
        ({"count": 0}, "count must be between 1 and 10"),
        ({"count": 11}, "count must be between 1 and 10"),
        ({"launchType": "EC2"}, "No Container Instances were found in your cluster."),
        ({"startedBy": "a\nb"}, "startedBy must be"),
        ({"startedBy": "a" * 129}, "startedBy must be"),
        ({"group": ""}, "group must be"),
        ({"propagateTags": "SERVICE"}, "propagateTags SERVICE"),
        ({"clientToken": "a" * 65}, "idempotency token longer than 64."),
        (
            {
                "overrides": {
                    "containerOverrides": [
                        {"name": "app", "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::shop/a.env"}]}
                    ]
                }
            },
            "you must also specify a value for 'executionRoleArn'",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "x"}]}},
            "Override for container named x is not a container in the TaskDefinition.",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "app", "command": ["x" * 8192]}]}},
            "Container Overrides length must be at most 8192",
        ),
        ({"overrides": {"cpu": "257"}}, "No Fargate configuration exists for given values"),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "is not associated with the cluster."),
        (
            {"placementConstraints": [{"type": "distinctInstance"}]},
            "Placement constraints are not supported with FARGATE",
        ),
    ],
)
def test_invalid_tasks_are_refused(shop, changes, message):
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK} | changes
    shop.fails("RunTask", "InvalidParameterException", message, **params)


def test_an_unknown_platform_version_is_refused(shop):
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK, "platformVersion": "1.0"}
    shop.fails("RunTask", "PlatformUnknownException", "does not exist", **params)


def test_a_task_is_stopped_once(shop):
    [task] = _run(shop, tags=[{"key": "a", "value": "1"}])
    shop.later()
    stopped_task = shop.call("StopTask", task=task["taskArn"], reason="enough")["task"]
    assert (stopped_task["desiredStatus"], stopped_task["lastStatus"]) == ("STOPPED", "PROVISIONING")
    assert (stopped_task["stopCode"], stopped_task["stoppedReason"], stopped_task["version"]) == (
        "UserInitiated",
        "enough",
        2,
    )
    assert stopped_task["stoppingAt"] == shop.now
    assert shop.call("DescribeTasks", tasks=[task["taskArn"]], include=["TAGS"])["tasks"][0]["tags"] == []
    shop.later()
    assert shop.call("StopTask", task=task["taskArn"])["task"] == stopped_task


def test_a_stop_without_a_reason_has_a_default_reason(shop):
    [task] = _run(shop)
    stopped_task = shop.call("StopTask", task=task["taskArn"].rpartition("/")[2])["task"]
    assert stopped_task["stoppedReason"] == "Task stopped by user"


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("0" * 32, "The referenced task was not found."),
        (f"{ARN}task/other/{'0' * 32}", "The referenced task was not found."),
        ("None", "taskId length should be one of [32,36]"),
        ("", "taskId length should be one of [32,36]"),
        (f"{ARN}cluster/default", "Task Identifier is invalid"),
        ("arn:aws:ecs", "Task Identifier is invalid"),
        (f"{ARN}task/a/b/c", "Unexpected number of separators"),
    ],
)
def test_an_unknown_task_is_not_found(shop, task, message):
    shop.fails("StopTask", "InvalidParameterException", message, task=task)


def test_missing_tasks_are_failures(shop):
    [task] = _run(shop)
    absent = "0" * 32
    answer = shop.call("DescribeTasks", tasks=[absent, task["taskArn"]])
    assert [t["taskArn"] for t in answer["tasks"]] == [task["taskArn"]]
    assert answer["failures"] == [{"arn": f"{ARN}task/default/{absent}", "reason": "MISSING"}]
    shop.call("CreateCluster", clusterName="other")
    assert shop.call("DescribeTasks", cluster="other", tasks=[task["taskArn"]])["failures"][0]["reason"] == "MISSING"
    shop.fails("DescribeTasks", "InvalidParameterException", "Tasks cannot be empty.", tasks=[])
    shop.fails("DescribeTasks", "InvalidParameterException", "at most 100", tasks=[absent] * 101)


def _list_tasks(shop, **params):
    return shop.call("ListTasks", **params)["taskArns"]


def test_lists_filter_by_desired_status(shop):
    shop.definition("db")
    first, second = sorted(task["taskArn"] for task in _run(shop, count=2, startedBy="me"))
    [other] = (task["taskArn"] for task in _run(shop, taskDefinition="db"))
    service = shop.service()
    shop.put(replace(shop.world.tasks[other], service=service["serviceArn"]))
    assert set(_list_tasks(shop)) == {first, second, other}
    assert _list_tasks(shop, family="web", maxResults=1) == [first]
    assert _list_tasks(shop, startedBy="me") == [first, second]
    assert _list_tasks(shop, serviceName="web") == [other]
    assert _list_tasks(shop, launchType="EC2") == []
    assert _list_tasks(shop, desiredStatus="PENDING") == []
    shop.call("StopTask", task=first)
    assert _list_tasks(shop, startedBy="me") == [second]
    assert _list_tasks(shop, desiredStatus="STOPPED") == [first]
    assert shop.world.tasks[first].desired_status is DesiredStatus.STOPPED


def test_invalid_list_filters_are_refused(shop):
    shop.fails("ListTasks", "ServiceNotFoundException", "Service not found.", serviceName="none")
    shop.fails("ListTasks", "InvalidParameterException", "can't be combined", startedBy="a", family="b")
    shop.fails("ListTasks", "InvalidParameterException", "instanceId length should be", containerInstance="i")


def test_pages_follow_each_other(shop):
    task_arns = sorted(task["taskArn"] for task in _run(shop, count=5))
    results: list[str] = []
    params: dict[str, object] = {"maxResults": 2}
    while True:
        answer = shop.call("ListTasks", **params)
        results += answer["taskArns"]
        if "nextToken" not in answer:
            break
        params["nextToken"] = answer["nextToken"]
    assert results == task_arns


def test_a_subnet_without_free_addresses_is_a_failure(shop):
    [task] = _run(shop, networkConfiguration={"awsvpcConfiguration": {"subnets": SUBNETS[:1]}})
    base = shop.world.tasks[task["taskArn"]]
    addresses = (
        replace(
            base,
            arn=f"{base.arn[:-5]}{number:05}",
            interface=replace(base.interface, address=f"172.31.{number >> 8}.{number & 255}"),
        )
        for number in range(4096)
    )
    shop.put(*addresses)
    before = len(shop.world.tasks)
    answer = shop.call(
        "RunTask",
        taskDefinition="web",
        count=2,
        networkConfiguration={"awsvpcConfiguration": {"subnets": SUBNETS[:1]}},
    )
    assert answer["tasks"] == []
    assert answer["failures"][0]["reason"] == "RESOURCE:ENI"
    assert len(shop.world.tasks) == before
