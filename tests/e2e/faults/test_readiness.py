"""Services without a container health check, whose applications start in every way, under every kind of change.

No request that may be repeated fails while a task that listens remains, and nothing is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.appmesh.stage import Stage, listener
from tests.e2e.faults.field import Run, UncheckedField, faultless, nothing_unknown, once
from tests.e2e.installations import installations
from tests.e2e.stack import app, kill
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

LATE = {"LISTEN_AFTER": "6"}
MANY = 20_000
"""Requests that may be repeated, in the one long run."""


@pytest.fixture(scope="module")
def unchecked_field(tmp_path_factory, apps_folder, topology, rows) -> Iterator[UncheckedField]:
    """A control plane of its own, because it is going to be killed."""
    with installations(tmp_path_factory, apps_folder, topology) as make:
        installation = make()
        installation.up()
        yield UncheckedField(installation, rows, "unchecked")


@pytest.fixture
def field(unchecked_field: UncheckedField) -> UncheckedField:
    """The same, with applications that listen six seconds after their start from the next deployment on."""
    unchecked_field.starting = LATE
    return unchecked_field


def assert_no_failure(run: Run) -> None:
    """No request failed, whether it may be repeated or not."""
    faultless(run)
    nothing_unknown(run)


# ------------------------------------------------------------------------------------------------- listening late


def test_a_rolling_deployment(field):
    with field.load("no health check, listens after 6 s: a rolling deployment") as run:
        field.start_anew("2")
    assert_no_failure(run)


@pytest.mark.heavy
def test_scaling_out_and_in(field):
    field.start_anew("2")
    with field.load("no health check, listens after 6 s: scaling out and in") as run:
        field.cluster.update("ledger", desiredCount=6)
        field.cluster.steady("ledger")
        run.answers_of({task["taskArn"].rpartition("/")[2] for task in field.cluster.tasks("ledger")})
        field.tasks()
        field.cluster.update("ledger", desiredCount=3)
        field.cluster.steady("ledger")
        field.cluster.quiet("ledger")
    assert_no_failure(run)


@pytest.mark.heavy
def test_a_task_is_stopped_and_replaced(field):
    field.start_anew("2")
    with field.load("no health check, listens after 6 s: StopTask") as run:
        field.replace(field.tasks()[0])
        field.whole()
    assert_no_failure(run)


@pytest.mark.heavy
def test_a_failed_task_is_replaced(field):
    field.start_anew("2")
    with field.load("no health check, listens after 6 s: an application is killed") as run:
        victim = field.tasks()[0]
        kill(victim, "apps.ledger")
        field.cluster.until(victim, "STOPPED")
        field.whole()
    faultless(run)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "way",
    [
        pytest.param({"strategy": "BLUE_GREEN"}, id="blue/green"),
        pytest.param(
            {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 25.0, "canaryBakeTimeInMinutes": 0}},
            id="canary",
        ),
        pytest.param(
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 34.0, "stepBakeTimeInMinutes": 0}},
            id="linear",
        ),
    ],
)
def test_traffic_is_shifted(field, way, request):
    kind = request.node.callspec.id
    with field.load(f"no health check, listens after 6 s: a {kind} deployment") as run:
        field.cluster.update("ledger", deploymentConfiguration={"bakeTimeInMinutes": 0} | way)
        field.start_anew("3")
    field.cluster.update("ledger", deploymentConfiguration={"strategy": "ROLLING"})
    assert_no_failure(run)


@pytest.mark.heavy
def test_the_control_plane_is_killed_while_tasks_start(field):
    with field.load("no health check, listens after 6 s: kill -9 in a rolling deployment") as run:
        before = set(field.tasks())
        field.cluster.update("ledger", taskDefinition=field.definition("4"))
        eventually(lambda: any(t["lastStatus"] == "ACTIVATING" for t in field.cluster.tasks("ledger")), "tasks start")
        field.installation.kill()
        run.answers(200)
        field.installation.up()
        field.whole()
        field.cluster.quiet("ledger")
        assert before.isdisjoint(field.tasks())
    assert_no_failure(run)


@pytest.mark.heavy
def test_the_first_start_of_a_service(field):
    field.cluster.update("ledger", desiredCount=0)
    field.cluster.quiet("ledger")
    field.probe.begin_steady("http://ledger/", "first-start", 4, 60)
    eventually(lambda: field.probe.steadily()["failed"] > 10, "callers are told that there is nobody")
    field.cluster.update("ledger", desiredCount=3, taskDefinition=field.definition("5"))
    eventually(lambda: field.probe.steadily()["answered"], "somebody answers")
    first = field.probe.steadily()["now"]
    field.whole()
    results = field.probe.end_steady()
    assert results["last_failure"] <= first, json.dumps(results["failures"], indent=1)


# -------------------------------------------------------------------------------------------- other applications


@pytest.mark.heavy
def test_a_revision_that_exits_at_once_replaces_no_task(unchecked_field):
    unchecked_field.starting = {}
    unchecked_field.start_anew("2")
    with unchecked_field.load("no health check, ends in its first second: a rolling deployment, and back") as run:
        unchecked_field.starting = {"END_AFTER": "0.7"}
        before, good = set(unchecked_field.tasks()), unchecked_field.cluster.service("ledger")["taskDefinition"]
        unchecked_field.cluster.update("ledger", taskDefinition=unchecked_field.definition("6"))
        eventually(lambda: _ended_by_themselves(unchecked_field) >= 3, "three tasks have ended by themselves")
        assert before <= set(unchecked_field.tasks()), "none has had to go for them"
        unchecked_field.cluster.update("ledger", taskDefinition=good)
        unchecked_field.whole()
        unchecked_field.cluster.quiet("ledger")
    assert_no_failure(run)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("start", "starting"),
    [
        pytest.param("listens at once", {}, id="at once"),
        pytest.param("listens on 127.0.0.1 only", {"LISTEN_AT": "127.0.0.1"}, id="loopback"),
        pytest.param("closes its port and opens it again", {"REOPEN_AFTER": "1.5"}, id="reopens"),
    ],
)
def test_a_rolling_deployment_of_a_task_that(unchecked_field, start, starting):
    unchecked_field.starting = starting
    with unchecked_field.load(f"no health check, {start}: a rolling deployment") as run:
        unchecked_field.start_anew("7")
    assert_no_failure(run)


@pytest.mark.heavy
def test_a_revision_that_never_listens_waits_and_can_be_rolled_back(unchecked_field):
    unchecked_field.starting = {}
    unchecked_field.start_anew("2")
    with unchecked_field.load("no health check, never listens: a rolling deployment, and back") as run:
        good = unchecked_field.cluster.service("ledger")["taskDefinition"]
        unchecked_field.starting = {"LISTEN_AFTER": "3600"}
        unchecked_field.cluster.update("ledger", taskDefinition=unchecked_field.definition("8"))
        eventually(
            lambda: sum(t["lastStatus"] == "ACTIVATING" for t in unchecked_field.cluster.tasks("ledger")) == 3,
            "they wait",
        )
        run.answers(300)
        unchecked_field.cluster.update("ledger", taskDefinition=good)
        unchecked_field.whole()
        unchecked_field.cluster.quiet("ledger")
    assert_no_failure(run)


@pytest.mark.heavy
def test_a_declared_port_that_never_opens_is_reported_after_a_wait(field):
    """By Cloud Map every port can be reached, so each is waited for."""
    cluster, cloudmap = field.cluster, field.installation.client("servicediscovery")
    namespaces = cloudmap.list_namespaces()["Namespaces"]
    namespace = next(each_namespace["Id"] for each_namespace in namespaces if each_namespace["Name"] == "unchecked")
    service = cloudmap.create_service(Name="silent", NamespaceId=namespace, Type="HTTP")["Service"]
    ports = [{"name": "web", "containerPort": 8080}, {"containerPort": 9999}]
    definition = cluster.define("silent", app("web", 8080, "http") | {"portMappings": ports})
    registries = [{"registryArn": service["Arn"]}]
    cluster.serve("silent", definition, connect=False, serviceRegistries=registries)
    cluster.steady("silent")
    lines = [event["message"] for event in cluster.service("silent")["events"]]
    assert any("does not listen on 9999/tcp" in text for text in lines), lines
    assert not any("8080" in text for text in lines), lines


# ------------------------------------------------------------------------------------- other ways to be called


@pytest.mark.heavy
def test_callers_of_task_sets_see_no_failure(field):
    """A service whose owner moves it: the new set takes its share when it listens."""
    cluster = field.cluster
    cluster.ecs.create_service(
        cluster=cluster.name, serviceName="sets", desiredCount=2, deploymentController={"type": "EXTERNAL"}
    )
    definition = cluster.define("sets", app("ledger", 8080, "http", environment=_environment(LATE)))
    sets = []
    for _ in range(2):
        task_set = cluster.ecs.create_task_set(
            cluster=cluster.name,
            service="sets",
            taskDefinition=definition,
            launchType="FARGATE",
            networkConfiguration=cluster.network(public=False),
            scale={"value": 100.0, "unit": "PERCENT"},
        )["taskSet"]
        sets.append(task_set["id"])

    def task_sets() -> list[dict[str, Any]]:
        return list(cluster.ecs.describe_task_sets(cluster=cluster.name, service="sets")["taskSets"])

    eventually(lambda: all(s["stabilityStatus"] == "STEADY_STATE" for s in task_sets()), "both are steady")
    for task in cluster.tasks("sets"):
        answer = field.probe.ask("http", url=f"http://{field.address(task['taskArn'])}:8080/")
        assert answer["status"] == 200, "a task that counts answers"
    cluster.ecs.delete_service(cluster=cluster.name, service="sets", force=True)


@pytest.mark.heavy
def test_callers_by_cloud_map_dns_see_no_failure(field):
    cluster, cloudmap = field.cluster, field.installation.client("servicediscovery")
    vpc = field.installation.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    operation = cloudmap.create_private_dns_namespace(Name="plain.test", Vpc=vpc)["OperationId"]
    eventually(lambda: cloudmap.get_operation(OperationId=operation)["Operation"]["Status"] == "SUCCESS")
    namespace = next(n["Id"] for n in cloudmap.list_namespaces()["Namespaces"] if n["Name"] == "plain.test")
    service = cloudmap.create_service(
        Name="ledger", NamespaceId=namespace, DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 1}]}
    )["Service"]
    environment = _environment(LATE)
    definition = cluster.define("plain", app("lines", 7000, environment=environment))
    cluster.serve("plain", definition, connect=False, count=2, serviceRegistries=[{"registryArn": service["Arn"]}])
    cluster.steady("plain")
    field.probe.begin({"kind": "named", "host": "ledger.plain.test", "port": 7000})
    before = {task["taskArn"] for task in cluster.tasks("plain")}
    cluster.update("plain", forceNewDeployment=True)
    cluster.steady("plain")
    cluster.quiet("plain")
    after = {task["taskArn"] for task in cluster.tasks("plain")}
    eventually(lambda: {a.rpartition("/")[2] for a in after} <= set(field.probe.results()["answered"]), "all are asked")
    results = field.probe.end()
    assert before.isdisjoint(after)
    assert results["failures"] == []


@pytest.mark.heavy
def test_callers_by_app_mesh_see_no_failure(field):
    stage = Stage(field.installation, "meshed")
    stage.node("back", listener())
    stage.service("back", node="back")
    caller = stage.client("front", "back")

    def define(version: str) -> str:
        environment = _environment(LATE | {"VERSION": version})
        return stage.define("back", app("ledger", 8080, "http", environment=environment), 8080)

    stage.cluster.serve("back", define("1"), count=2, connect=False, serviceRegistries=stage.registry("back"))
    stage.cluster.steady("back")
    eventually(lambda: caller.get(f"http://{stage.fqdn('back')}:8080/").get("status") == 200, "the backend is called")
    caller.begin_steady(f"http://{stage.fqdn('back')}:8080/", "meshed", 4, 60)
    before = {task["taskArn"] for task in stage.cluster.tasks("back")}
    stage.cluster.update("back", taskDefinition=define("2"))
    stage.cluster.steady("back")
    stage.cluster.quiet("back")
    results = caller.end_steady()
    assert before.isdisjoint(task["taskArn"] for task in stage.cluster.tasks("back"))
    assert (results["failed"], results["failed_posts"]) == (0, []), json.dumps(results["failures"], indent=1)


# ---------------------------------------------------------------------------------------------------- the long run


@pytest.mark.heavy
def test_twenty_thousand_requests_under_changes(field):
    """Deployments and scaling, one after the other, until MANY requests that may be repeated have been answered."""
    field.start_anew("2")
    with field.load("no health check, listens after 6 s: changes until 20,000 GETs") as run:
        change = 0
        while (so_far := field.probe.steadily())["requests"] - so_far["posts"] < MANY:
            change += 1
            field.cluster.update("ledger", taskDefinition=field.definition(str(change)), desiredCount=3 + change % 3)
            field.cluster.steady("ledger")
            field.cluster.quiet("ledger")
            field.tasks()
        field.cluster.update("ledger", desiredCount=3)
        field.cluster.steady("ledger")
        field.cluster.quiet("ledger")
    assert_no_failure(run)
    assert run.results["requests"] - run.results["posts"] >= MANY
    once(run)


def _ended_by_themselves(field: UncheckedField) -> int:
    tasks = field.cluster.tasks("ledger", "STOPPED")
    return sum(task["stopCode"] == "EssentialContainerExited" for task in tasks)


def _environment(variables: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variables.items()]
