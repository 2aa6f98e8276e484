"""Every page at the width of a phone: nothing is cut off, axe finds nothing, and the keyboard reaches the contents."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.console.browser import Person
from tests.e2e.console.kiosk import open_kiosk

pytestmark = pytest.mark.e2e

PHONE = {"width": 375, "height": 720}
FIRST = (
    "express-services",
    "create-express-service",
    "express-services/default/hello",
    "express-services/default/hello/configurations",
    "gateways",
    "gateways/edge/clusters",
    "clusters/default/daemons/watch",
    "daemon-task-definitions/agent/1",
)
"""The pages that no other test opens with axe."""
OTHERS = (
    "express-services/default/hello/tasks",
    "express-services/default/hello/update",
    "create-gateway",
    "gateways/edge",
    "gateways/edge/load-balancers",
    "clusters",
    "clusters/default",
    "clusters/default/daemons",
    "clusters/default/run-task",
    "clusters/default/services/hello",
    "clusters/default/services/hello/configuration",
    "daemon-task-definitions",
    "task-definitions/default-hello/1",
    "register-task-definition",
    "load-balancers",
    "target-groups",
    "images",
    "traces",
    "alarms",
    "alarms/default%2Fhello%2FRollbackAlarm",
    "stacks",
    "stacks/stand",
    "stacks/stand/template",
    "namespaces",
    "traffic?as=table",
    "about",
)
FRAMEWORK = "mobile-toolbar-nav"
"""The class of Cloudscape's navigation on a phone, which has an attribute that axe does not allow there."""
KEYS = 40
"""Presses of Tab within which the focus is in the contents, behind the top bar and the breadcrumbs."""


@pytest.fixture(scope="module")
def kiosk(simulation):
    open_kiosk(simulation)
    return simulation


@pytest.mark.parametrize("path", [*FIRST, *(pytest.param(path, marks=pytest.mark.heavy) for path in OTHERS)])
def test_a_page_fits_a_phone_pleases_axe_and_is_reached_by_keyboard(visit, kiosk, path):
    person: Person = visit(kiosk, viewport=PHONE)
    person.open(path)
    person.wait_until_loaded()
    width = person.page.evaluate("document.scrollingElement.scrollWidth")
    assert width <= PHONE["width"], f"{path} is {width} pixels wide"
    assert [violation for violation in person.violations() if FRAMEWORK not in violation] == []
    contents = person.page.locator("main :focus")
    for _ in range(KEYS):
        person.page.keyboard.press("Tab")
        if contents.count():
            break
    expect(contents).to_be_in_viewport()
