"""Every page at the width of a phone: nothing is cut off, axe finds nothing, and the keyboard reaches the contents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.console.browser import Person
from tests.e2e.console.kiosk import kiosk_addresses, open_kiosk

pytestmark = pytest.mark.e2e

ROUTES = Path(__file__).parents[3] / "web/src/app/routes.tsx"
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
    "create-cluster",
    "clusters/default",
    "clusters/default/daemons",
    "clusters/default/edit",
    "clusters/default/run-task",
    "clusters/default/create-service",
    "clusters/default/services/hello",
    "clusters/default/services/hello/configuration",
    "clusters/default/services/hello/connect",
    "clusters/default/services/hello/events",
    "clusters/default/services/hello/update",
    "clusters/default/services/hello/deployments/{deployment}",
    "clusters/default/tasks/{task}",
    "clusters/default/tasks/{task}/networking",
    "daemon-task-definitions",
    "task-definitions",
    "task-definitions/default-hello",
    "task-definitions/default-hello/1",
    "task-definitions/default-hello/1/register",
    "task-definitions/default-hello/compare?from=1&to=1",
    "register-task-definition",
    "load-balancers",
    "create-load-balancer",
    "load-balancers/{balancer}",
    "load-balancers/{balancer}/create-listener",
    "load-balancers/{balancer}/listeners/443",
    "load-balancers/{balancer}/listeners/443/edit",
    "load-balancers/{balancer}/listeners/443/create-rule",
    "load-balancers/{balancer}/listeners/443/rules/{rule}/edit",
    "target-groups",
    "create-target-group",
    "target-groups/{group}",
    "target-groups/{group}/edit-health-check",
    "images",
    "traces",
    "traces/00000000000000000000000000000001",
    "alarms",
    "alarms/default%2Fhello%2FRollbackAlarm",
    "stacks",
    "stacks/stand",
    "stacks/stand/template",
    "namespaces",
    "namespaces/{namespace}",
    "namespaces/{namespace}/services/{service}",
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


@pytest.fixture(scope="module")
def addresses(kiosk):
    """The generated names in addresses of pages."""
    return kiosk_addresses(kiosk)


@pytest.mark.parametrize("path", [*FIRST, *(pytest.param(path, marks=pytest.mark.heavy) for path in OTHERS)])
def test_a_page_fits_a_phone_pleases_axe_and_is_reached_by_keyboard(visit, kiosk, addresses, path):
    person: Person = visit(kiosk, viewport=PHONE)
    person.open(path.format(**addresses))
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


def test_every_route_of_the_console_has_a_page_in_the_list():
    routes = re.findall(r'^  "/(.+)": lazy', ROUTES.read_text(), re.MULTILINE)
    assert len(routes) > len(FIRST)
    pages = [path.partition("?")[0] for path in (*FIRST, *OTHERS)]
    patterns = {route: re.sub(r"/:\w+\?", "(/[^/]+)?", route) for route in routes}
    patterns = {route: re.sub(r":\w+", "[^/]+", pattern) for route, pattern in patterns.items()}
    assert [
        route for route, pattern in patterns.items() if not any(re.fullmatch(pattern, page) for page in pages)
    ] == []
