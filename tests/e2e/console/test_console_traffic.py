"""A person at the traffic map while a target times out, fails, is kept away and is deployed: real Envoys count."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Route, expect

from moyai.console.files import FOLDER
from tests.e2e.console.browser import FIND, Person, number
from tests.e2e.installation import REGION
from tests.e2e.stack import Cluster, app, offer
from tests.e2e.waiting import eventually
from tests.e2e.witnesses import CloudWatch, Edge, since

pytestmark = [pytest.mark.e2e, pytest.mark.root]

EDGE = "harbour%2Ftug%3Ebuoy"
DEPLOYING = [0x8B, 0x3F, 0xC4]
"""The colour of the frame of a service that is being deployed, by day."""
BURST = ("/status/503",)
MIXED = ("/ok", "/ok", "/status/404", "/slow/1500", "/status/503")
LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-region": REGION,
        "awslogs-group": "/harbour/buoy",
        "awslogs-stream-prefix": "buoy",
        "awslogs-create-group": "true",
    },
}
LABEL = r"^[\d.]+/s [\d.]+ % !! ⊘ 1$"
NOTE = """
self.written = new Set();
const write = OffscreenCanvasRenderingContext2D.prototype.fillText;
OffscreenCanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
  self.written.add(text);
  write.call(this, text, ...where);
};
"""
"""Keeps what is written on a canvas, which has no text of its own."""
DRAWS = "**/draw.worker-*.js"
"""What draws the map, beside the page."""
NEVER_WELL = {"command": ["CMD", "false"], "interval": 5, "retries": 10, "startPeriod": 300}
ROLE = {"executionRoleArn": "arn:aws:iam::123456789012:role/harbour"}


@pytest.fixture(scope="module")
def cluster(server):
    new_cluster = Cluster(server, "harbour", "harbour")
    new_cluster.define("buoy", app("counting", 8080, "http"), **ROLE)
    new_cluster.ecs.create_service(
        cluster="harbour",
        serviceName="buoy",
        taskDefinition="buoy",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=new_cluster.network(public=False),
        serviceConnectConfiguration={
            "enabled": True,
            "services": [offer("counting", "buoy", discoveryName="buoy", timeout={"perRequestTimeoutSeconds": 1})],
            "logConfiguration": LOGS,
            "accessLogConfiguration": {"format": "TEXT"},
        },
    )
    new_cluster.steady("buoy")
    return new_cluster


class CallerView(NamedTuple):
    """The answers that the caller got, by minute."""

    statuses: Counter[str]
    span: tuple[int, int]


@pytest.fixture(scope="module")
def caller_view(cluster):
    """First failures alone, so that a host is kept away, then some of everything."""
    probe = cluster.probe("tug")
    started_time, statuses = time.time(), Counter[str]()
    for seconds, paths in ((1, BURST), (4, MIXED)):
        command = ("python3", "-m", "tests.e2e.apps.mixed", "http://buoy/", "3", str(seconds), *paths)
        statuses += Counter(json.loads(probe.run(*command)["out"])["statuses"])
    assert set(statuses) == {"200", "404", "503", "504"}
    counting = CloudWatch(cluster.installation, Edge("harbour", "tug", "buoy"))
    logs = cluster.installation.client("logs")

    def is_counted() -> bool:
        """By the caller's proxy, and by one that was called, which reports at another time."""
        count = counting.count(since(started_time))
        return count.requests >= statuses.total() and count.attempts > 0

    def is_logged() -> bool:
        lines = logs.filter_log_events(logGroupName="/harbour/buoy")["events"]
        return sum('"GET /status/404 ' in line["message"] for line in lines) >= statuses["404"]

    # A page of times that are over is not looked up again: what it is to show must be there before.
    eventually(is_counted, "all is counted")
    eventually(is_logged, "all is logged")
    return CallerView(statuses, since(started_time))


def note(person: Person) -> None:
    """Have kept what the map's words are, on the pages that are opened from now on."""

    def noting(route: Route) -> None:
        file = FOLDER / "assets" / route.request.url.rpartition("/")[2]
        route.fulfill(body=NOTE + file.read_text(), content_type="text/javascript")

    person.page.route(DRAWS, noting)


def drawing_list(person: Person, kind: str) -> list[str]:
    """A list that those who draw the map have, once it has been painted."""
    person.page.locator("canvas[data-lines]").wait_for()
    drawing = [worker for worker in person.page.workers if "/draw.worker-" in worker.url]
    return [answer for worker in drawing for answer in worker.evaluate(kind)]


def map_words(person: Person) -> list[str]:
    """All words that the map has had."""
    return drawing_list(person, "[...self.written]")


@pytest.fixture
def person(visit, server, caller_view) -> Person:
    new_person: Person = visit(server)
    note(new_person)
    new_person.open(f"traffic?namespace=harbour&range={caller_view.span[0]}-{caller_view.span[1]}&edge={EDGE}")
    new_person.wait_for_text("harbour/tug → buoy")
    new_person.wait_until_loaded()
    return new_person


def test_a_connections_panel_shows_status_codes_retries_timeouts_and_ejected_hosts(person, caller_view):
    statuses = caller_view.statuses
    expect(person.fact("Requests")).to_have_text(re.compile(f"^{statuses.total()} "))
    expect(person.fact("Failed")).to_have_text(str(statuses["503"] + statuses["504"]))
    expect(person.fact("Ejected hosts")).to_have_text("1")
    person.wait_for_text("1 host ejected")
    retries, timeouts = (number(part) for part in person.fact("Retries / timeouts").inner_text().split(" / "))
    assert min(retries, timeouts) > 0
    codes = [point for point in person.chart("Status codes").values() if any(point.values())]
    assert sum(point["4XX"] for point in codes) == statuses["404"]
    trouble = person.chart("Retries, timeouts, ejected hosts").values()
    assert sum(point["Retries"] for point in trouble) == retries
    assert max(point.get("Ejected hosts", 0) for point in trouble) == 1
    person.wait_for_text(re.compile(r'"GET /status/404 HTTP/1\.1" 404'))
    assert {row["Service"] for row in person.table("Task")} == {"harbour/buoy"}


def test_a_map_label_shows_rate_success_percentiles_and_ejected_hosts(person):
    def labels() -> list[str]:
        return [text for text in map_words(person) if re.search(LABEL, text)]

    [line] = eventually(labels, "the line has its words")
    times = [text for text in map_words(person) if text.endswith(" ms")]
    p50, p95, p99 = map(number, times[-1].removesuffix(" ms").split(" / "))
    assert p50 < p95 <= p99
    assert person.fact("p50 / p95 / p99").inner_text() == times[-1]
    assert line.split("/s ")[1].startswith(person.fact("Success rate").inner_text())


def test_the_map_uses_the_pages_fonts(person):
    fonts = drawing_list(person, "[...self.fonts].map(font => `${font.family} ${font.weight} ${font.status}`)")
    assert {'"Open Sans" 400 loaded', '"Open Sans" 700 loaded'} <= set(fonts)


def test_dragging_over_the_timeline_selects_a_time_range(person, caller_view):
    before = draw_span(person, 0.2, 0.4)
    person.wait_for_text("0 connections")
    assert before[0] < before[1] < caller_view.span[0]
    assert [at % 60 for at in before] == [0, 0]
    person.open("traffic?namespace=harbour&range=1m")
    person.wait_until_loaded()
    around = draw_span(person, 0.5, 1)
    assert around[0] <= caller_view.span[0] < around[1]
    person.wait_for_text(f"{caller_view.statuses.total()} requests")


def draw_span(person: Person, first: float, last: float) -> tuple[int, int]:
    """The time that the address holds once it was drawn from one part of the strip's width to another."""
    box = person.page.get_by_role("img", name="Requests and failures over time").bounding_box()
    assert box is not None
    row = box["y"] + box["height"] / 3
    person.page.mouse.move(box["x"] + box["width"] * first, row)
    person.page.mouse.down()
    person.page.mouse.move(box["x"] + box["width"] * last, row, steps=4)
    before = person.page.url
    person.page.mouse.up()
    expect(person.page).not_to_have_url(before)
    start, end = parse_qs(urlsplit(person.page.url).query)["range"][0].split("-")
    return int(start), int(end)


def test_the_map_its_panel_and_the_timeline_work_by_keyboard(person):
    keyboard, canvas = person.page.keyboard, person.page.locator("canvas[data-lines='1']")
    person.page.get_by_role("button", name="Zoom in").focus()
    keyboard.press("Shift+Tab")
    expect(canvas).to_be_focused()
    whole = pixels(canvas)
    for key in ("+", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "-"):
        before = pixels(canvas)
        keyboard.press(key)
        eventually(lambda: pixels(canvas) != before, f"{key} moves the map")  # noqa: B023 - it is called here
    keyboard.press("+")
    keyboard.press("0")
    eventually(lambda: pixels(canvas) == whole, "all of it is shown again")
    keyboard.press("Escape")
    expect(person.page.get_by_text("Targets", exact=True)).to_have_count(0)
    person.page.get_by_role("button", name=re.compile("^Time range")).press("Enter")
    person.page.get_by_role("button", name="Relative mode").press("Enter")
    person.page.get_by_role("radio", name="Last hour").press("Space")
    person.page.get_by_role("button", name="Apply").press("Enter")
    expect(person.page).to_have_url(re.compile(r"[?&]range=1h\b"))


def pixels(canvas: Locator) -> str:
    """The pixels of the canvas."""
    found: str = canvas.evaluate("canvas => canvas.toDataURL()")
    return found


def test_a_deployment_is_marked_on_the_map_for_as_long_as_it_lasts(person, cluster):
    frame = person.page.locator("canvas[data-lines='1']")
    assert frame.evaluate(FIND, DEPLOYING) == []
    cluster.define("buoy", app("counting", 8080, "http", healthCheck=NEVER_WELL), **ROLE)
    cluster.update("buoy", taskDefinition="buoy")
    eventually(lambda: frame.evaluate(FIND, DEPLOYING), "the map marks what is being deployed")
    person.wait_for_text("1 deploying")
    cluster.update("buoy", taskDefinition="buoy:1")
    eventually(lambda: not frame.evaluate(FIND, DEPLOYING), "the mark is gone")


def test_the_map_names_the_vpcs_of_its_services(visit, simulation):
    ec2 = simulation.client("ec2")
    named = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "vault"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16", TagSpecifications=named)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    cluster = Cluster(simulation, "bay", "bay")
    definition = cluster.define("bay", app("web", 8080, "http"))
    cluster.serve("pier", definition, offer("web", "pier", discoveryName="pier"))
    cluster.subnets = [subnet]
    cluster.serve("safe", definition, offer("web", "safe", discoveryName="safe"))
    person: Person = visit(simulation)
    note(person)
    person.open("traffic?namespace=bay")
    eventually(lambda: "bay · vault" in map_words(person), "the VPC is said by its name")


def abort_request(route: Route) -> None:
    """As after an update of the server."""
    route.abort()


def full(route: Route) -> None:
    """As in a browser without space for pixels."""
    broken = "OffscreenCanvas.prototype.transferToImageBitmap = () => { throw new Error('no room'); };\n"
    file = FOLDER / "assets" / route.request.url.rpartition("/")[2]
    route.fulfill(body=broken + file.read_text(), content_type="text/javascript")


@pytest.mark.parametrize("trouble", [abort_request, full])
def test_a_map_that_fails_to_draw_shows_an_error_and_recovers(visit, simulation, trouble):
    cluster = Cluster(simulation, trouble.__name__, trouble.__name__)
    cluster.serve("shoal", cluster.define("reef", app("web", 8080, "http")), offer("web", "shoal"))
    person: Person = visit(simulation)
    person.page.route(DRAWS, trouble)
    person.open(f"traffic?namespace={trouble.__name__}")
    alert = person.page.get_by_role("alert").filter(has_text="Couldn't draw the map")
    expect(alert).to_be_visible()
    person.wait_for_text("Connections")
    assert person.violations() == []
    person.page.unroute(DRAWS)
    person.press("Retry")
    person.page.locator("canvas[data-lines]").wait_for()
    expect(alert).to_have_count(0)
    person.complaints.clear()  # of what was broken here
