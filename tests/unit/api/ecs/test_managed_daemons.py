"""Managed daemons by the API: what is recorded, shown and refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.daemon import DaemonRevision
from moyai.domain.ecs.task_definition import NetworkMode, PidMode, TaskDefinitionStatus
from moyai.domain.world import Delete
from moyai.plan.retention import plan_retention
from tests.unit.api.ecs.client import ARN

GROUP = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:a:autoScalingGroupName/a"
AGENT = {"name": "agent", "image": "agent:1", "cpu": 128, "memory": 256}
PROVIDER = f"{ARN}capacity-provider/machines"


@pytest.fixture
def account(ecs):
    ecs.call("CreateCluster")
    ecs.call("CreateCapacityProvider", name="machines", autoScalingGroupProvider={"autoScalingGroupArn": GROUP})
    both = {"capacityProviders": ["machines", "FARGATE"], "defaultCapacityProviderStrategy": []}
    ecs.call("PutClusterCapacityProviders", cluster="default", **both)
    ecs.call("RegisterDaemonTaskDefinition", family="agent", containerDefinitions=[AGENT])
    return ecs


def create(account, name="watch", **changes):
    request = {"daemonTaskDefinitionArn": f"{ARN}daemon-task-definition/agent:1", "capacityProviderArns": [PROVIDER]}
    return account.call("CreateDaemon", daemonName=name, **request | changes)


def update(account, **changes):
    request = {"daemonTaskDefinitionArn": "agent:1", "capacityProviderArns": [PROVIDER]}
    return account.call("UpdateDaemon", daemonArn=f"{ARN}daemon/default/watch", **request | changes)


def test_a_definition_is_stored_and_shown_as_it_was_registered(account):
    volume = {"name": "logs", "host": {"sourcePath": "/var/log"}}
    container = AGENT | {
        "essential": True,
        "mountPoints": [{"sourceVolume": "logs", "containerPath": "/logs"}],
        "linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}, "initProcessEnabled": True},
        "healthCheck": {"command": ["CMD-SHELL", "true"]},
    }
    request = {"containerDefinitions": [container], "volumes": [volume], "pidMode": "shared", "cpu": "256"}
    arn = account.call("RegisterDaemonTaskDefinition", family="agent", **request)["daemonTaskDefinitionArn"]
    assert arn == f"{ARN}daemon-task-definition/agent:2"
    described = {}
    for identifier in ("agent", "agent:2", arn):
        described = account.call("DescribeDaemonTaskDefinition", daemonTaskDefinition=identifier)[
            "daemonTaskDefinition"
        ]
        assert described["revision"] == 2
    assert (described["pidMode"], described["ipcMode"], described["volumes"]) == ("shared", "none", [volume])
    [shown_container] = described["containerDefinitions"]
    assert shown_container["healthCheck"]["interval"] == 30
    assert shown_container["linuxParameters"] == container["linuxParameters"]
    assert "portMappings" not in shown_container
    stored = account.world.task_definitions[arn]
    assert (stored.network_mode, stored.pid_mode) == (NetworkMode.HOST, PidMode.HOST)


def test_daemon_task_definitions_are_no_task_definitions(account):
    account.definition("agent")
    assert account.call("ListTaskDefinitions")["taskDefinitionArns"] == [f"{ARN}task-definition/agent:1"]
    assert account.call("ListTaskDefinitionFamilies")["families"] == ["agent"]
    shown = account.call("DescribeTaskDefinition", taskDefinition="agent")["taskDefinition"]
    assert shown["taskDefinitionArn"] == f"{ARN}task-definition/agent:1"
    account.fails(
        "RunTask",
        "ClientException",
        "not found",
        taskDefinition=f"{ARN}daemon-task-definition/agent:1",
        launchType="EC2",
    )
    account.fails(
        "CreateDaemon",
        "ClientException",
        "not found",
        daemonName="a",
        daemonTaskDefinitionArn=f"{ARN}task-definition/agent:1",
        capacityProviderArns=[PROVIDER],
    )


def test_definitions_are_listed_by_family_and_number(account):
    for family in ("agent", "tracer", "agent"):
        account.call("RegisterDaemonTaskDefinition", family=family, containerDefinitions=[AGENT])

    def names(**filters):
        listed = account.call("ListDaemonTaskDefinitions", **filters)["daemonTaskDefinitions"]
        return [summary["arn"].rpartition("/")[2] for summary in listed]

    assert names() == ["agent:1", "agent:2", "agent:3", "tracer:1"]
    assert names(sort="DESC", family="agent") == ["agent:3", "agent:2", "agent:1"]
    assert names(revision="LAST_REGISTERED") == ["agent:3", "tracer:1"]
    assert names(familyPrefix="tra") == ["tracer:1"]
    account.call("DeleteDaemonTaskDefinition", daemonTaskDefinition="agent:3")
    assert names(status="DELETE_IN_PROGRESS") == ["agent:3"]
    assert names(revision="LAST_REGISTERED") == ["agent:2", "tracer:1"]
    assert len(names(status="ALL")) == 4


def test_a_deleted_definition_is_kept_for_the_daemons_that_use_it(account):
    create(account)
    arn = account.call("DeleteDaemonTaskDefinition", daemonTaskDefinition="agent:1")["daemonTaskDefinitionArn"]
    account.fails("DeleteDaemonTaskDefinition", "ClientException", "not ACTIVE", daemonTaskDefinition="agent:1")
    assert not plan_retention(account.world, "task_definition", arn, account.now).changes
    account.store.apply([Delete(DaemonRevision, r.arn) for r in account.world.daemon_revisions])
    account.store.apply(plan_retention(account.world, "task_definition", arn, account.now).changes)
    assert account.world.task_definitions[arn].status is TaskDefinitionStatus.DELETED
    shown = account.call("DescribeDaemonTaskDefinition", daemonTaskDefinition=arn)["daemonTaskDefinition"]
    assert shown["status"] == "DELETED"
    account.later(7 * 3600)
    account.store.apply(plan_retention(account.world, "task_definition", arn, account.now).changes)
    account.fails("DescribeDaemonTaskDefinition", "ClientException", "does not exist", daemonTaskDefinition=arn)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("privileged", True),
        ("linuxParameters", {"devices": [{"hostPath": "/dev/fuse"}]}),
    ],
)
def test_unsupported_container_members_are_refused(account, member, value):
    definition = [AGENT | {member: value}]
    with pytest.raises(Exception, match="not supported by moyai"):
        account.call("RegisterDaemonTaskDefinition", family="agent", containerDefinitions=definition)
    assert len(account.world.task_definitions) == 1


def test_a_daemon_is_shown_with_its_revision_and_its_deployment(account):
    created = create(account, tags=[{"key": "team", "value": "a"}], enableExecuteCommand=True, propagateTags="DAEMON")
    assert created["daemonArn"] == f"{ARN}daemon/default/watch"
    assert created["status"] == "ACTIVE"
    shown = account.call("DescribeDaemon", daemonArn=created["daemonArn"])["daemon"]
    assert shown["deploymentArn"] == created["deploymentArn"]
    [current] = shown["currentRevisions"]
    assert current["capacityProviders"] == [{"arn": PROVIDER, "runningCount": 0, "withoutDaemonCount": 0}]
    [revision] = account.call("DescribeDaemonRevisions", daemonRevisionArns=[current["arn"]])["daemonRevisions"]
    assert revision["critical"]
    assert (revision["enableExecuteCommand"], revision["propagateTags"]) == (True, "DAEMON")
    assert revision["containerImages"] == [{"containerName": "agent", "image": "agent:1"}]
    answer = account.call("DescribeDaemonDeployments", daemonDeploymentArns=[created["deploymentArn"], "none"])
    [deployment] = answer["daemonDeployments"]
    assert answer["failures"] == [{"arn": "none", "reason": "MISSING"}]
    assert deployment["status"] == "PENDING"
    assert deployment["deploymentConfiguration"] == {
        "drainPercent": 25.0,
        "alarms": {"alarmNames": [], "enable": False},
        "bakeTimeInMinutes": 0,
    }
    assert deployment["circuitBreaker"]["status"] == "MONITORING"
    assert deployment["alarms"]["status"] == "DISABLED"
    assert account.call("ListTagsForResource", resourceArn=created["daemonArn"])["tags"] == [
        {"key": "team", "value": "a"}
    ]


def test_a_repeated_request_is_answered_with_the_first_ones_daemon(account):
    first = create(account, clientToken="once")
    assert create(account, clientToken="once") == first
    account.fails(
        "CreateDaemon",
        "InvalidParameterException",
        "not idempotent",
        daemonName="watch",
        daemonTaskDefinitionArn="agent:1",
        capacityProviderArns=[PROVIDER],
        clientToken="once",
        critical=False,
    )


def test_an_update_replaces_the_whole_configuration(account):
    create(account, critical=False, enableExecuteCommand=True)
    account.later()
    updated = update(account)
    assert updated["updatedAt"] > updated["createdAt"]
    revisions = sorted(account.world.daemon_revisions, key=lambda r: r.created_at)
    assert [(r.critical, r.enable_execute_command) for r in revisions] == [(False, True), (True, False)]
    listed = account.call("ListDaemonDeployments", daemonArn=updated["daemonArn"])["daemonDeployments"]
    assert [d["status"] for d in listed] == ["PENDING", "STOPPED"]
    assert "new daemon deployment" in listed[1]["statusReason"]
    stopped = account.call("ListDaemonDeployments", daemonArn=updated["daemonArn"], status=["STOPPED"])
    assert len(stopped["daemonDeployments"]) == 1


def test_daemons_are_listed_by_capacity_provider(account):
    create(account)
    create(account, "other")
    pages = [account.call("ListDaemons", maxResults=1)]
    pages.append(account.call("ListDaemons", maxResults=1, nextToken=pages[0]["nextToken"]))
    names = [d["daemonArn"].rpartition("/")[2] for page in pages for d in page["daemonSummariesList"]]
    assert names == ["other", "watch"]
    assert len(account.call("ListDaemons", capacityProviderArns=[PROVIDER])["daemonSummariesList"]) == 2
    none = account.call("ListDaemons", capacityProviderArns=[f"{ARN}capacity-provider/none"])
    assert none["daemonSummariesList"] == []


def test_a_used_capacity_provider_cannot_leave_the_cluster(account):
    create(account)
    account.fails(
        "PutClusterCapacityProviders",
        "ResourceInUseException",
        "in use",
        cluster="default",
        capacityProviders=["FARGATE"],
        defaultCapacityProviderStrategy=[],
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"daemonName": "a b"}, "daemonName must be"),
        ({"capacityProviderArns": []}, "between 1 and"),
        ({"capacityProviderArns": ["FARGATE"]}, "not supported on the capacity provider FARGATE"),
        ({"capacityProviderArns": ["none"]}, "does not exist"),
        ({"capacityProviderArns": ["unattached"]}, "not associated with the cluster default"),
        ({"deploymentConfiguration": {"bakeTimeInMinutes": 1441}}, "bakeTimeInMinutes"),
        ({"deploymentConfiguration": {"drainPercent": 101.0}}, "drainPercent"),
        ({"deploymentConfiguration": {"drainPercent": "NaN"}}, "drainPercent"),
        ({"deploymentConfiguration": {"alarms": {"enable": True, "alarmNames": []}}}, "alarmNames"),
        ({"clientToken": "a" * 37}, "longer than 36"),
    ],
)
def test_a_wrong_setting_is_refused(account, changes, message):
    account.call("CreateCapacityProvider", name="unattached", autoScalingGroupProvider={"autoScalingGroupArn": GROUP})
    before = list(account.world.records())
    with pytest.raises(Exception, match=message):
        account.call(
            "CreateDaemon",
            **{"daemonName": "new", "daemonTaskDefinitionArn": "agent:1", "capacityProviderArns": [PROVIDER]} | changes,
        )
    assert list(account.world.records()) == before


def test_tasks_are_listed_by_the_name_of_their_daemon(account):
    create(account)
    assert account.call("ListTasks", daemonName="watch")["taskArns"] == []
    account.fails("ListTasks", "InvalidParameterException", "Daemon not found.", daemonName="none")


def test_a_users_change_of_an_instance_ends_what_a_daemon_drained(account):
    sizes = [{"name": name, "type": "INTEGER", "integerValue": 4096} for name in ("CPU", "MEMORY")]
    registered = account.call("RegisterContainerInstance", totalResources=sizes)["containerInstance"]
    arn = registered["containerInstanceArn"]
    record = account.world.container_instances[arn]
    account.put(replace(record, status="DRAINING", drained_for=f"{ARN}daemon/default/watch"))
    [shown] = account.call("DescribeContainerInstances", containerInstances=[arn])["containerInstances"]
    assert shown["statusReason"] == "The critical daemon watch does not run."
    account.call("UpdateContainerInstancesState", containerInstances=[arn], status="DRAINING")
    assert account.world.container_instances[arn].drained_for is None
