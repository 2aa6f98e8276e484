"""A person at the console who types quickly, scrolls, has no mouse, and acts on what goes; simulated tasks do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.console.browser import Person
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, app, offer

pytestmark = pytest.mark.e2e

NAME = "the-quick-brown-fox"
LOW = {"width": 1024, "height": 420}


@pytest.fixture(scope="module")
def cluster(simulation):
    new_cluster = Cluster(simulation, "meadow", "meadow")
    definition = new_cluster.define("fox", app("web", 8080, "http"))
    for name in (NAME, "hound", "hare"):
        new_cluster.serve(name, definition, offer("web", name, discoveryName=name))
    new_cluster.steady(NAME, "hound", "hare")
    return new_cluster


@pytest.fixture
def person(visit, simulation, cluster) -> Person:
    new_person: Person = visit(simulation)
    return new_person


def test_a_filter_typed_quickly_applies_every_letter(person):
    person.open("traffic?namespace=meadow")
    person.wait_until_loaded()
    field = person.page.get_by_placeholder("Find by name")
    field.focus()
    person.page.keyboard.type(NAME)
    expect(field).to_have_value(NAME)
    expect(person.page).to_have_url(f"{person.url}/console/traffic?namespace=meadow&find={NAME}")


def test_an_empty_map_shows_a_message(person, simulation):
    simulation.client("servicediscovery").create_http_namespace(Name="moor")
    person.open("traffic?namespace=moor")
    person.wait_for_text("No services on the map yet")
    assert person.violations() == []


def test_the_navigation_bar_and_notifications_stay_visible_while_scrolling(visit, simulation, cluster):
    person: Person = visit(simulation, viewport=LOW)
    person.open("clusters/meadow")
    button = person.page.get_by_role("button", name="Force new deployment")
    person.click(person.page.get_by_role("row", name="hound").get_by_role("radio"))
    person.click(button)
    person.page.mouse.move(LOW["width"] / 2, LOW["height"] / 2)
    person.press("Deploy")
    expect(person.page.get_by_text("New deployment of hound started")).to_be_in_viewport()
    person.page.mouse.wheel(0, 2000)
    expect(person.page.get_by_role("heading", level=1)).not_to_be_in_viewport()
    expect(person.page.locator("#top")).to_be_in_viewport(ratio=1)
    expect(person.page.get_by_text("New deployment of hound started")).to_be_in_viewport()


def test_a_closed_dialog_returns_focus_to_its_menu(person):
    person.open("clusters/meadow/services/hound")
    menu = person.page.get_by_role("button", name="Actions")
    expect(menu).to_be_enabled()  # it is once the service is known
    menu.press("Enter")
    person.page.get_by_role("menuitem", name="Scale").press("Enter")
    person.wait_for_text("Scale hound")
    person.page.keyboard.press("Escape")
    expect(person.page.get_by_role("dialog")).to_have_count(0)
    expect(menu).to_be_focused()


def test_a_selected_row_that_disappears_disables_actions_and_keeps_focus(person, cluster):
    [task] = cluster.tasks("hare")
    person.open("clusters/meadow/services/hare/tasks")
    stop = person.page.get_by_role("button", name="Stop", exact=True)
    row = person.page.get_by_role("row", name=task["taskArn"].rpartition("/")[2])
    person.click(row.get_by_role("radio"))
    stop.press("Enter")
    person.press("Stop task")
    expect(row).to_have_count(0)
    expect(stop).to_be_disabled()
    expect(stop).to_be_focused()


def test_a_page_loads_once_the_server_is_back(visit, tmp_path):
    installation = Installation(tmp_path / "away", "--runtime", "sim")
    installation.up()
    try:
        person: Person = visit(installation)
        person.open("clusters")
        person.wait_for_title("Clusters")
        installation.terminate()
        person.wait_for_text("The server isn't responding")
        person.follow("Task definitions")
        person.wait_for_text("Couldn't load this page")
        person.follow("Traffic")
        expect(person.page).to_have_url(re.compile("/console/traffic"))
        person.wait_for_text("Couldn't load this page")
        installation.up()
        person.wait_for_title("Traffic")
        expect(person.page.get_by_text("The server isn't responding")).to_have_count(0)
        person.complaints.clear()  # of what was away
    finally:
        assert installation.leave() == []
