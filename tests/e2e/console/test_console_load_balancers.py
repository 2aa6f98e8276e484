"""A person at the pages of load balancers: a URL that opens, a task that dies, a rule that moves traffic, the map."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.balancers import Balancer, get
from tests.e2e.console.browser import Person
from tests.e2e.stack import Cluster, app, task_id
from tests.e2e.test_metrics import total
from tests.e2e.waiting import eventually
from tests.e2e.witnesses import since

pytestmark = [pytest.mark.e2e, pytest.mark.root]

LISTENER = "load-balancers/kiosk/listeners/80"
PAGES = (
    "load-balancers",
    "create-load-balancer",
    *(f"load-balancers/kiosk/{tab}" for tab in ("listeners", "services", "network", "security", "monitoring")),
    "load-balancers/kiosk/create-listener",
    LISTENER,
    f"{LISTENER}/create-rule",
    "target-groups",
    "create-target-group",
    "target-groups/kiosk",
    "target-groups/kiosk/edit-health-check",
    "clusters/square/services/tea/load-balancing",
)


@dataclass
class Square:
    """A load balancer that forwards ``/menu`` to the service coffee, and all else to the service tea."""

    cluster: Cluster
    balancer: Balancer
    coffee: str
    """The target group of the service coffee."""
    began: float = field(default_factory=time.time)
    answers: Counter[str] = field(default_factory=Counter)
    """How often each service has answered a test."""

    def ask(self, path: str) -> str:
        """The service that answers."""
        status, body = get(self.balancer.public_addresses()[0], path)
        assert status == 200, body
        service = str(body["version"])
        self.answers[service] += 1
        return service

    def dimensions(self, group: str) -> dict[str, str]:
        """The dimensions of the requests to a target group."""
        balancer = self.balancer.arn.partition(":loadbalancer/")[2]
        return {"LoadBalancer": balancer, "TargetGroup": group.rpartition(":")[2]}

    def requests(self, group: str) -> float:
        """The requests to a target group that CloudWatch knows of."""
        return total(self.cluster.installation, "RequestCount", self.dimensions(group), "AWS/ApplicationELB")


@pytest.fixture(scope="module")
def square(server):
    cluster = Cluster(server, "square")
    balancer = Balancer(cluster, "kiosk")
    coffee = balancer.new_group("coffee")
    balancer.elb.create_rule(
        ListenerArn=balancer.listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/menu"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": coffee}],
    )
    for name, group in {"tea": balancer.group, "coffee": coffee}.items():
        definition = cluster.define(name, app("web", 8080, environment=[{"name": "VERSION", "value": name}]))
        entry = {"targetGroupArn": group, "containerName": "web", "containerPort": 8080}
        cluster.serve(name, definition, connect=False, loadBalancers=[entry])
    cluster.steady("tea", "coffee")
    balancer.await_active()
    eventually(lambda: get(balancer.public_addresses()[0]), "the load balancer answers")
    return Square(cluster, balancer, coffee)


@pytest.fixture
def person(visit, server) -> Person:
    new_person: Person = visit(server)
    return new_person


def test_the_list_shows_the_load_balancer_and_its_name_opens_the_application(person, square):
    person.open("load-balancers")
    row = person.page.get_by_role("row", name="kiosk")
    expect(row).to_contain_text("Active")
    with person.page.context.expect_page() as opening:
        person.click(row.get_by_role("link", name=square.balancer.dns_name))
    expect(opening.value.locator("body")).to_contain_text('"version": "tea"')
    opening.value.close()


def test_the_health_of_a_target_changes_when_its_task_dies(person, square):
    [task] = square.cluster.tasks("tea")
    person.open("target-groups/kiosk")
    expect(healthy(person, task["taskArn"])).to_have_count(1)
    square.cluster.ecs.stop_task(cluster="square", task=task["taskArn"])
    expect(healthy(person, task["taskArn"])).to_have_count(0)
    successor = eventually(lambda: {new["taskArn"] for new in square.cluster.tasks("tea")} - {task["taskArn"]})
    expect(healthy(person, successor.pop())).to_have_count(1)
    expect(person.fact("Health status")).to_have_text(re.compile("^Healthy 1"))


def healthy(person: Person, task: str) -> Locator:
    """The row of a task that is a healthy target."""
    return person.page.get_by_role("row", name=task_id(task)).filter(has_text="Healthy")


@pytest.mark.heavy
def test_traffic_moves_with_an_edited_rule_and_the_map_counts_each_request_once(person, square):
    assert [square.ask("/menu") for _ in range(5)] == ["coffee"] * 5
    person.open(LISTENER)
    person.click(person.page.get_by_role("radio", name="Rule with priority 10"))
    person.press("Edit")
    person.wait_for_title("Edit rule with priority 10")
    person.choose("Target group", "kiosk")
    person.press("Save changes")
    person.wait_for_text("Rule changed")
    expect(person.page.get_by_role("row", name="/menu")).to_contain_text("kiosk: 1 (100 %)")
    eventually(lambda: square.ask("/menu") == "tea", "the rule forwards to tea")
    eventually(lambda: square.requests(square.coffee) >= square.answers["coffee"], "coffee's requests are counted")
    eventually(lambda: square.requests(square.balancer.group), "tea's requests are counted")
    start, end = since(square.began)
    dimensions = square.dimensions(square.coffee)
    edge = f"elb/{dimensions['LoadBalancer']}>{dimensions['TargetGroup']}"
    person.open(f"traffic?range={start}-{end}&edge={quote(edge, safe='')}")
    person.wait_for_text("kiosk → coffee")
    expect(person.page.locator("canvas[data-lines='2']")).to_be_visible()
    expect(person.fact("Requests")).to_have_text(re.compile(rf"^{square.answers['coffee']} \("))
    expect(person.fact("Targets")).to_have_text("square/coffee View traces")
    person.wait_for_text("2 connections")


@pytest.mark.heavy
def test_axe_finds_nothing_on_the_pages_of_load_balancers(person, square):
    violations = []
    for path in PAGES:
        person.open(path)
        person.wait_until_loaded()
        violations += person.violations()
    assert violations == []
