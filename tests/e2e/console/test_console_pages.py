"""A person at the console's pages of tasks, task definitions and Cloud Map; behind them are real containers."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.console.browser import Person
from tests.e2e.installation import REGION
from tests.e2e.stack import Cluster, shell, task_id

pytestmark = [pytest.mark.e2e, pytest.mark.root]

LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-region": REGION,
        "awslogs-group": "/desk/lamp",
        "awslogs-stream-prefix": "desk",
        "awslogs-create-group": "true",
    },
}
ROLE = {"executionRoleArn": "arn:aws:iam::123456789012:role/desk"}
LAMP = shell(
    "echo lit; exec sleep 600",
    "lamp",
    environment=[{"name": "LAMP", "value": "green"}],
    logConfiguration=LOGS,
)


@pytest.fixture(scope="module")
def cluster(server):
    return Cluster(server, "desk")


@pytest.fixture
def person(visit, server) -> Person:
    new_person: Person = visit(server)
    return new_person


@pytest.fixture(scope="module")
def definition(cluster):
    return cluster.define("lamp", LAMP, cpu="256", memory="512", **ROLE)


def test_a_person_opens_a_task_enters_its_terminal_and_stops_it(person, cluster, definition):
    arn = cluster.run(definition, enableExecuteCommand=True)
    task = cluster.until(arn, "RUNNING")
    [address] = [
        network_interface["privateIpv4Address"] for network_interface in task["containers"][0]["networkInterfaces"]
    ]
    person.open("clusters/desk/tasks")
    person.follow(f"{task_id(arn)[:12]}…")
    person.wait_for_title(task_id(arn))
    assert [(row["Container"], row["Status"]) for row in person.table("Container")] == [("lamp", "Running")]
    person.tab("Timeline")
    for moment in ("Created", "Network attached", "Started"):
        person.wait_for_text(moment)
    person.tab("Networking")
    person.wait_for_text(address)
    person.tab("Logs")
    person.wait_for_text("lit")
    person.tab("Terminal")
    person.press("Connect")
    person.wait_for_text("Connected")
    person.types('echo "the lamp is $LAMP, $((6 * 7)) times"')
    person.wait_for_text("the lamp is green, 42 times")
    person.types("cat /proc/1/cmdline | tr '\\0' ' '")
    person.wait_for_text("sleep 600")
    person.types("exit 3")
    person.wait_for_text("Command exited with code 3")
    person.press("Stop")
    person.press("Stop task")
    person.wait_for_text("Task stopped")
    person.tab("Timeline")
    person.wait_for_text("Containers stopped")
    assert cluster.task(arn)["stopCode"] == "UserInitiated"


def test_a_person_registers_compares_and_deregisters_a_revision(person, cluster, definition):
    person.open("task-definitions")
    person.page.get_by_placeholder("Find families").fill("lamp")
    person.follow("lamp")
    person.follow("lamp:1")
    person.tab("JSON")
    person.wait_for_text('"awslogs-group": "/desk/lamp"')
    person.follow("Register new revision")
    form = person.page.locator("textarea")
    body = json.loads(form.input_value())
    assert body["family"] == "lamp"
    form.fill(json.dumps(body | {"cpu": "300"}))
    person.press("Register")
    person.wait_for_text("No Fargate configuration exists for given values")
    form.fill(json.dumps(body | {"memory": "1024"}, indent=2))
    person.press("Register")
    person.wait_for_title("lamp:2")
    person.wait_for_text("lamp:2 registered")
    person.follow("Compare")
    person.wait_for_title("Compare revisions of lamp")
    person.wait_for_text(re.compile(r'"memory": "512"'))
    person.wait_for_text(re.compile(r'"memory": "1024"'))
    person.open("task-definitions/lamp/2")
    person.press("Deregister")
    person.wait_for_text("The revision becomes inactive")
    person.click(person.page.get_by_role("dialog").get_by_role("button", name="Deregister"))
    person.wait_for_text("lamp:2 deregistered")
    task_definition = cluster.ecs.describe_task_definition(taskDefinition="lamp:2")["taskDefinition"]
    assert task_definition["status"] == "INACTIVE"


def test_a_person_registers_discovers_and_deregisters_an_instance(person, server):
    cloud_map = server.client("servicediscovery")
    cloud_map.create_http_namespace(Name="desk", Description="What is on the desk")
    [namespace] = [
        each_namespace
        for each_namespace in cloud_map.list_namespaces()["Namespaces"]
        if each_namespace["Name"] == "desk"
    ]
    cloud_map.create_service(Name="pen", NamespaceId=namespace["Id"])
    person.open("namespaces")
    person.page.get_by_placeholder("Find namespaces").fill("desk")
    person.follow("desk")
    person.wait_for_text("What is on the desk")
    person.follow("pen")
    person.wait_for_title("pen")
    person.wait_for_text("Clients that discover this service find no endpoints.")
    person.press("Register instance")
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("Instance ID").fill("red")
    person.press("Add attribute")
    dialog.get_by_label("Key", exact=True).last.fill("colour")
    dialog.get_by_label("colour", exact=True).fill("red")
    person.press("Register")
    person.wait_for_text("Instance red registered")
    [instance] = cloud_map.discover_instances(NamespaceName="desk", ServiceName="pen")["Instances"]
    assert (instance["InstanceId"], instance["Attributes"]["colour"]) == ("red", "red")
    person.click(person.page.get_by_role("row", name="red").get_by_role("radio"))
    person.press("Deregister")
    person.wait_for_text("This is the last instance")
    person.click(dialog.get_by_role("button", name="Deregister"))
    person.wait_for_text("Instance red deregistered")
    expect(person.page.get_by_role("row", name="red")).to_have_count(0)
