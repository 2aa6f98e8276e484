"""A person at the pages of Express services, gateways, alarms, tags and task definitions; simulated tasks do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.console.browser import Person
from tests.e2e.installation import REGION
from tests.e2e.stack import Cluster, offer
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

IMAGE = "moyai.local/host"


@pytest.fixture
def person(visit, simulation) -> Person:
    new_person: Person = visit(simulation)
    return new_person


def test_a_person_creates_an_express_service_sees_its_url_and_deletes_it(person, simulation):
    ecs = simulation.client("ecs")
    person.open("express-services")
    person.follow("Create Express service")
    person.wait_for_title("Create Express service")
    person.fill("Service name", "tent")
    person.press("Create")
    person.wait_for_text("primaryContainer.image must not be blank.")
    person.fill("Image URI", IMAGE)
    person.press("Create")
    person.wait_for_text("Express service tent created")
    person.follow("tent")
    person.wait_for_title("tent")
    [arn] = ecs.list_services(resourceManagementType="ECS")["serviceArns"]
    service = ecs.describe_express_gateway_service(serviceArn=arn)["service"]
    [path] = service["activeConfigurations"][0]["ingressPaths"]
    expect(person.fact("Application URL")).to_contain_text(path["endpoint"])
    types = {"Load balancer", "Certificate", "Target group", "Scaling policy", "Alarm", "Log group"}
    eventually(lambda: types <= {row["Type"] for row in person.table("Status reason")}, "all resources are listed")
    person.tab("Active configurations")
    person.wait_for_text("1 to 20 tasks, Average CPU (%) at 60")
    person.press("Delete")
    person.fill("To confirm, type “tent”", "tent")
    person.press("Delete service")
    person.wait_for_text("Deleting Express service tent")
    eventually(lambda: not ecs.list_services(resourceManagementType="ECS")["serviceArns"], "the service is gone")


def test_a_person_creates_a_gateway_and_associates_a_cluster(person, simulation):
    ecs = simulation.client("ecs")
    ecs.create_cluster(clusterName="harbour")
    person.open("gateways")
    person.follow("Create gateway")
    person.wait_for_title("Create gateway")
    person.page.get_by_label("Gateway", exact=True).fill("quay")
    person.press("Create")
    person.wait_for_title("quay")
    person.tab("Associated clusters")
    person.press("Associate cluster")
    person.choose("Cluster", "harbour")
    person.click(person.page.get_by_role("dialog").get_by_role("button", name="Associate cluster"))
    person.wait_for_text("Cluster harbour associated")
    [association] = ecs.list_gateway_cluster_associations(gateway="quay")["gatewayClusterAssociations"]
    assert association["clusterArn"].endswith("cluster/harbour")


def test_a_person_registers_a_definition_by_form_and_sees_what_a_revision_changes(person, simulation):
    person.open("register-task-definition")
    person.fill("Family", "buoy")
    person.fill("Container name", "lamp")
    person.page.get_by_label("Image").last.fill(IMAGE)
    person.page.get_by_label(re.compile("^Memory")).fill("512")
    person.press("Register")
    person.wait_for_title("buoy:1")
    person.follow("Register new revision")
    form = person.page.locator("textarea").first
    form.fill(form.input_value().replace('"512"', '"1024"'))
    expect(person.page.get_by_role("deletion")).to_contain_text('"memory": "512"')
    expect(person.page.get_by_role("insertion")).to_contain_text('"memory": "1024"')
    person.press("Register")
    person.wait_for_title("buoy:2")
    ecs = simulation.client("ecs")
    assert ecs.describe_task_definition(taskDefinition="buoy")["taskDefinition"]["memory"] == "1024"


def simulated_container(word: str, **more: object) -> dict[str, object]:
    """A simulated container with a port, for which this word says how it behaves."""
    mapping = {"name": "main", "containerPort": 80}
    behaviour = [{"name": "MOYAI_SIM", "value": word}]
    return {"name": "main", "image": IMAGE, "environment": behaviour, "portMappings": [mapping]} | more


def test_a_service_page_says_what_is_wrong_with_its_tasks_and_what_to_do(person, simulation):
    cluster = Cluster(simulation, "mole", "mole")
    deaf = cluster.define("deaf", simulated_container("listens_after=86400"))
    sick = cluster.define("sick", simulated_container("unhealthy_after=0.1", healthCheck={"command": ["CMD", "true"]}))
    cluster.serve("deaf", deaf, offer("main", "deaf"))
    cluster.serve("sick", sick, count=2, connect=False)
    person.open("clusters/mole/services/sick")
    person.wait_for_text("Tasks fail their health checks again and again")
    person.wait_for_text(re.compile("of its tasks were stopped within an hour, and none is healthy"))
    person.wait_for_text(re.compile("Check the health check's command, port and start period"))
    person.open("clusters/mole/services/deaf")
    person.wait_for_text("A task does not listen on its port")
    person.wait_for_text(re.compile("a task did not listen within .* seconds of its start"))
    person.wait_for_text(re.compile("Compare the port of the task definition with the port on which the application"))
    assert person.violations() == []


def test_a_person_edits_tags(person, simulation):
    ecs = simulation.client("ecs")
    arn = ecs.create_cluster(clusterName="pier", tags=[{"key": "team", "value": "blue"}])["cluster"]["clusterArn"]
    person.open("clusters/pier/tags")
    person.press("Manage tags")
    person.page.get_by_role("dialog").get_by_label("Value", exact=True).first.fill("green")
    person.press("Save changes")
    person.wait_for_text("Tags saved")
    expect(person.page.get_by_role("cell", name="green")).to_be_visible()
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "green"}]


def test_an_alarm_shows_its_new_state_and_its_history_as_they_happen(person, simulation):
    cloudwatch = simulation.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="tide",
        Namespace="Sea",
        MetricName="Level",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanThreshold",
    )
    person.open("alarms")
    person.follow("tide")
    person.wait_for_title("tide")
    person.wait_for_text(re.compile("Level"))
    cloudwatch.set_alarm_state(AlarmName="tide", StateValue="ALARM", StateReason="the sea rises")
    expect(person.fact("State")).to_have_text("In alarm")
    person.wait_for_text("the sea rises")


def test_about_names_the_version_and_the_account_as_the_bar_does(person, simulation):
    person.open("about")
    expect(person.fact("Version")).to_have_text(simulation.moyai("--version").split()[-1])
    account = simulation.client("sts").get_caller_identity()["Account"]
    grouped = f"{account[:4]}-{account[4:8]}-{account[8:]}"
    expect(person.fact("Account and Region")).to_have_text(f"{grouped} · {REGION}")
    expect(person.page.locator("#top")).to_contain_text(f"{REGION} · {grouped}")
    with person.page.expect_popup() as opened:
        person.page.get_by_role("link", name="Health of this server").click()
    expect(opened.value.locator("body")).to_contain_text('"runtime"')
