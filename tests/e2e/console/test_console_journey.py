"""A person at the console, with the example shop behind it: real tasks, real Envoys, real traffic."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest
from playwright.sync_api import expect

from moyai.cli.demo.shop import Shop
from tests.e2e.console.browser import BAD, Person
from tests.e2e.console.pictures import SHARP, SIZE, Gallery
from tests.e2e.console.shop import CAUSE, EXAMPLE, IMAGE, break_catalog, selling
from tests.e2e.installation import Installation
from tests.e2e.stack import task_id
from tests.e2e.waiting import eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

CATALOG = "clusters/shop-core/services/catalog"
EDGE = "shop-web%2Ffront%3Ecatalog"
MAIN_PAGES = ("clusters/shop-core/services", "clusters/shop-core/create-service", f"{CATALOG}/health", "traffic")
HOLD = "/healthy"
"""The file that a container of the held stock is healthy with."""
SOLD, FAILED = 200, 75
"""Seconds, in pictures."""


@pytest.fixture(scope="module")
def installation(make_installation: Callable[..., Installation]) -> Installation:
    new_installation = make_installation("--trace-sampling", "10")
    new_installation.up()
    return new_installation


@pytest.fixture(scope="module")
def shop(installation: Installation) -> Iterator[Shop]:
    with selling(installation) as open_shop:
        yield open_shop


@pytest.fixture(scope="module")
def broken_shop(shop: Shop, installation: Installation, gallery: Gallery) -> None:
    """The shop without a catalog; where pictures are kept, after some minutes in which it sold well."""
    while_it_lasts(SOLD * gallery.kept)
    break_catalog(installation)
    shop.wait_until_steady("catalog")
    while_it_lasts(FAILED * gallery.kept)


@pytest.fixture
def person(visit: Callable[..., Person], installation: Installation) -> Person:
    return visit(installation)


def other_pages(installation: Installation) -> Iterator[str]:
    """Every page but the main ones, each of its tabs, of what there is."""
    ecs, cloud_map = installation.client("ecs"), installation.client("servicediscovery")
    yield from ("clusters", "create-cluster", "nothing/is/here", "traffic?as=table", f"traffic?edge={EDGE}")
    yield from (f"clusters/shop-core/{tab}" for tab in ("tasks", "instances", "tags", "edit"))
    tabs = ("traffic", "tasks", "logs", "deployments", "events", "configuration", "connect", "tags", "update")
    yield from (f"{CATALOG}/{tab}" for tab in tabs)
    [deployment, *_] = ecs.list_service_deployments(cluster="shop-core", service="catalog")["serviceDeployments"]
    yield f"{CATALOG}/deployments/{task_id(deployment['serviceDeploymentArn'])}"
    task = task_id(ecs.list_tasks(cluster="shop-core", serviceName="catalog")["taskArns"][0])
    views = ("containers", "timeline", "logs", "networking", "terminal", "details", "tags")
    yield from (f"clusters/shop-core/tasks/{task}/{view}" for view in views)
    yield from ("task-definitions", "register-task-definition", "task-definitions/shop-stock")
    yield from (f"task-definitions/shop-stock/1{rest}" for rest in ("", "/json", "/tags", "/register"))
    yield "task-definitions/shop-stock/compare?from=1&to=1"
    [namespace] = [
        each_namespace["Id"]
        for each_namespace in cloud_map.list_namespaces()["Namespaces"]
        if each_namespace["Name"] == "shop"
    ]
    [service, *_] = [each_service["Id"] for each_service in cloud_map.list_services()["Services"]]
    yield from ("namespaces", f"namespaces/{namespace}", f"namespaces/{namespace}/services/{service}")


def violations(person: Person, pages: Iterable[str]) -> list[str]:
    """The violations that axe finds on each page, in the light theme, and of colours in the dark one."""
    results = []
    for path in pages:
        person.set_color_scheme("light")
        person.open(path)
        person.wait_until_loaded()
        results += person.violations()
        person.set_color_scheme("dark")
        results += person.violations("color-contrast")
    return results


def test_axe_finds_nothing_on_the_main_pages_by_day_and_by_night(person, shop):
    assert violations(person, MAIN_PAGES) == []


@pytest.mark.heavy
def test_axe_finds_nothing_on_any_other_page_by_day_and_by_night(person, shop, installation):
    assert violations(person, other_pages(installation)) == []


@pytest.fixture
def held_deployment(shop: Shop, installation: Installation) -> str:
    """The family of a stock whose tasks are healthy once ``let_go`` was called; until then a deployment lasts."""
    stock = json.loads((EXAMPLE / "task-definitions/stock.json").read_text())
    [container] = stock["containerDefinitions"]
    container["healthCheck"] = {"command": ["CMD", "test", "-e", HOLD], "interval": 5, "startPeriod": 300}
    installation.client("ecs").register_task_definition(**stock | {"family": "held-stock"})
    return "held-stock"


def let_go(installation: Installation, cluster: str, service: str) -> None:
    """Every task of the service, which must have ECS Exec, is healthy from now on."""
    ecs = installation.client("ecs")
    tasks = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
    waiting = partial(ecs.describe_tasks, cluster=cluster, tasks=tasks)
    eventually(
        lambda: {task["lastStatus"] for task in waiting()["tasks"]} == {"ACTIVATING"}, "they run, not yet healthy"
    )
    for arn in tasks:
        installation.moyai("exec", "--container", "stock", task_id(arn), "touch", HOLD)


def test_a_person_creates_a_cluster_and_a_service_and_watches_the_deployment(person, held_deployment, installation):
    person.open("clusters")
    person.follow("Create cluster")
    person.wait_for_title("Create cluster")
    person.fill("Cluster name", "harbour")
    person.fill("Default Service Connect namespace", "harbour")
    person.page.keyboard.press("Escape")
    person.wait_for_text("Namespace harbour doesn't exist yet")
    person.press("Create")
    person.wait_for_title("harbour")
    person.wait_for_text("Cluster harbour created")
    person.follow("Create service")
    person.wait_for_title("Create service")
    person.choose("Task definition", held_deployment)
    person.fill("Service name", "buoy")
    person.fill("Desired tasks", "2")
    expect(person.page.get_by_label("Client and server")).to_be_checked()
    expect(person.page.get_by_label("Offer port lines")).to_be_checked()
    person.click(person.page.get_by_label("Turn on ECS Exec"))
    person.press("Create")
    person.wait_for_title("buoy")
    person.wait_for_text("Service buoy created")
    person.wait_for_text("A deployment is in progress")
    person.wait_for_text("0 of 2 running · 2 pending")
    let_go(installation, "harbour", "buoy")
    person.wait_for_text("2 of 2 running")
    expect(person.page.get_by_text("A deployment is in progress")).to_be_hidden()
    person.tab("Service Connect")
    person.wait_for_text("buoy:7000")


@pytest.mark.heavy
def test_an_action_shows_its_consequence_before_it_is_confirmed(person, shop, installation):
    person.open("clusters/shop-core/services/stock")
    person.press("Actions")
    person.click(person.page.get_by_role("menuitem", name="Scale"))
    person.fill("Desired tasks", "3")
    person.wait_for_text("1 task will be added. It receives requests as soon as it is healthy.")
    person.press("Scale")
    person.wait_for_text("stock scaled to 3 tasks")
    person.wait_for_text("3 of 3 running")
    person.tab("Tasks")
    task, *_ = installation.client("ecs").list_tasks(cluster="shop-core", serviceName="stock")["taskArns"]
    name = task.rpartition("/")[2]
    person.click(person.page.get_by_role("row", name=name).get_by_role("radio"))
    person.press("Stop")
    person.wait_for_text("Service stock starts a replacement")
    person.press("Stop task")
    person.wait_for_text(f"Stopping task {name}")
    person.press("Stopped")
    person.wait_for_text("Stopped in the console")


def test_a_person_opens_a_trace_and_sees_who_uses_an_image(person, shop):
    person.open("traces")
    person.click(person.page.get_by_role("row").filter(has_text=" → ").get_by_role("link").first)
    person.wait_for_text("Trace overview")
    expect(person.fact("Services")).to_contain_text(" → ")
    person.wait_for_text("http.response.status_code")
    person.open("images")
    expect(person.page.get_by_role("row", name=IMAGE)).to_contain_text(re.compile(r"and \d+ more"))


@pytest.mark.heavy
def test_the_cause_of_a_failure_is_four_clicks_from_the_map(person, broken_shop):
    person.open("traffic?range=1m")
    spot = person.spot(BAD)
    person.clicks = 0
    person.click_at("canvas", spot)
    person.wait_for_text("shop-web/front → catalog")
    person.follow("shop-core/catalog")
    person.wait_for_title("catalog")
    person.tab("Logs")
    person.wait_for_text(CAUSE)
    assert person.clicks <= 4


@pytest.mark.heavy
def test_documentation_pictures_show_the_broken_shop(visit, gallery, installation, broken_shop):
    """`make screenshots` keeps them; here it is shown that they can be taken."""
    person: Person = visit(installation, viewport=SIZE, device_scale_factor=SHARP)
    person.open(f"traffic?range=5m&edge={EDGE}")
    person.wait_for_text("shop-web/front → catalog")
    expect(person.page.locator("canvas[data-lines]")).to_be_visible()
    person.wait_for_text("Response time (ms)")
    gallery.save(person, "traffic")
