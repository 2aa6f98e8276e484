"""A person at the traffic map of a mesh of App Mesh: what is seen there is what `moyai mesh` says, to the request."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.e2e.console.browser import BAD, Person, number
from tests.e2e.console.palette import LINES, MESH, REQUESTS, THROUGH_THE_GATEWAY, call_everything, create_palette
from tests.e2e.waiting import eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

COUNTS = {"Requests": "requests", "Failed": "failures", "Retries": "retries", "Timeouts": "timeouts"}
PERIOD = 10.0
"""Seconds of a point of the charts, which leave out one that is not over."""
NOTHING = "\N{EN DASH}"
Row = dict[str, float]
"""An edge's metrics, by the table's headlines."""


class TerminalMesh(NamedTuple):
    """The mesh of a past time as a terminal shows it, and the answers that front got."""

    edges: dict[tuple[str, str], Any]
    span: tuple[int, int]
    answers: dict[str, int]


@pytest.fixture(scope="module")
def palette(make_installation):
    server = make_installation()
    server.up()
    return create_palette(server)


@pytest.fixture(scope="module")
def terminal_mesh(palette) -> TerminalMesh:
    answers = call_everything(palette)

    def mesh_json() -> Any:
        return json.loads(palette.stage.installation.moyai("mesh", "--json", "--namespace", MESH, "--since", "5m"))

    wanted = answers.total() + THROUGH_THE_GATEWAY + LINES
    eventually(lambda: requests(mesh_json()) >= wanted, "all is counted")
    while_it_lasts(PERIOD)
    document = mesh_json()
    assert requests(document) == wanted
    start, end = (datetime.fromisoformat(document[name]).timestamp() for name in ("start", "end"))
    edges = {(edge["caller"]["service"], edge["targets"][0]["service"]): edge for edge in document["edges"]}
    return TerminalMesh(edges, (int(start), int(end)), dict(answers))


def requests(mesh: Any) -> int:
    return sum(edge["requests"] for edge in mesh["edges"])


@pytest.fixture
def look(visit, palette, terminal_mesh):
    """Opens the map of the mesh, in the time of which all is known."""

    def open_traffic(query: str = "", **options: object) -> Person:
        person: Person = visit(palette.stage.installation, **options)
        start, end = terminal_mesh.span
        person.open(f"traffic?namespace={quote(f'mesh/{MESH}', safe='')}&range={start}-{end}&{query}")
        person.wait_until_loaded()
        return person

    return open_traffic


def test_the_traffic_table_agrees_with_the_mesh_command(look, palette, terminal_mesh):
    person = look("as=table")
    person.wait_for_text(f"{len(terminal_mesh.edges)} connections")
    timed = sum(edge["p99"] is not None for edge in terminal_mesh.edges.values())
    eventually(lambda: sum(row["p99 ms"] != NOTHING for row in rows(person)) == timed, "times are there")
    by_console = {(row["Caller"], row["Target"]): metrics_of(row) for row in rows(person)}
    assert by_console == {
        (f"{MESH}/{caller}", f"{edge['target']} → {node}"): pytest.approx(as_shown(edge), abs=0.51)
        for (caller, node), edge in terminal_mesh.edges.items()
    }
    for (caller, node), edge in terminal_mesh.edges.items():
        row = by_console[f"{MESH}/{caller}", f"{edge['target']} → {node}"]
        assert {name: row[name] for name in COUNTS} == {name: edge[field] for name, field in COUNTS.items()}
    assert set(terminal_mesh.edges) == {("front", "red"), ("front", "blue"), ("front", "lines"), ("edge", "blue")}
    assert terminal_mesh.edges["edge", "blue"]["requests"] == THROUGH_THE_GATEWAY
    assert terminal_mesh.edges["front", "blue"]["requests"] + terminal_mesh.edges["front", "red"]["requests"] > REQUESTS
    assert person.violations() == []


def rows(person: Person) -> list[dict[str, str]]:
    return person.table("Caller")


def metrics_of(row: dict[str, str]) -> Row:
    """The metrics in a row of the table, without the empty ones."""
    wanted = (*COUNTS, "Ejected hosts", "Success rate", "p50 ms", "p95 ms", "p99 ms")
    return {name: number(row[name].removesuffix(" %")) for name in wanted if row[name] != NOTHING}


def as_shown(edge: dict[str, Any]) -> Row:
    """The same of an edge as the terminal has it."""
    times = {f"{name} ms": edge[name] for name in ("p50", "p95", "p99") if edge[name] is not None}
    counts = {name: edge[field] for name, field in COUNTS.items()}
    return counts | {"Ejected hosts": edge["ejected"], "Success rate": int(edge["success"] * 10_000) / 100} | times


@pytest.mark.heavy
def test_a_click_on_a_line_opens_its_codes_retries_and_timeouts(look, palette, terminal_mesh):
    person = look()
    canvas = person.page.locator("canvas[data-lines='4']")
    expect(canvas).to_have_attribute("aria-label", re.compile("5 boxes, 4 connections"))
    person.click_at("canvas", person.spot(BAD))
    person.wait_for_text(f"{MESH}/front → {palette.color} → red")
    edge = terminal_mesh.edges["front", "red"]
    expect(person.fact("Requests")).to_have_text(re.compile(f"^{edge['requests']} "))
    expect(person.fact("Retries / timeouts")).to_have_text(f"{edge['retries']} / {edge['timeouts']}")
    assert min(edge["failures"], edge["retries"], edge["timeouts"]) > 0
    expect(person.fact("Targets")).to_have_text(f"{MESH}/red (virtual node) View traces")
    trouble = person.chart("Retries, timeouts, ejected hosts").values()
    assert sum(point.get("Retries", 0) for point in trouble) == edge["retries"]  # none in a minute that is not over
    codes = person.chart("Status codes").values()
    for group in ("4XX", "5XX"):
        assert sum(point.get(group, 0) for point in codes) == terminal_mesh.answers[group]
    for absent in ("Slowest targets", "Access log", "Services"):
        expect(person.page.get_by_text(absent, exact=True)).to_have_count(0)
    canvas.focus()
    person.page.keyboard.press("Escape")
    expect(person.page.get_by_text("Status codes", exact=True)).to_have_count(0)


def test_the_namespace_picker_opens_a_mesh_and_its_link_works_in_japanese(look, visit, palette, terminal_mesh):
    person: Person = visit(palette.stage.installation)
    person.open(f"traffic?as=table&range={terminal_mesh.span[0]}-{terminal_mesh.span[1]}")
    person.choose("Namespace or mesh", f"mesh/{MESH}")
    person.wait_for_text(f"{len(terminal_mesh.edges)} connections")
    box = quote(f":mesh/{MESH}/virtualGateway/edge", safe="")
    other = look(f"edge={box}", locale="ja-JP")
    other.wait_for_text("仮想ゲートウェイ")
    other.follow("blue")
    other.wait_for_text(f"{MESH}/edge → {palette.stage.fqdn('blue')} → blue")
    other.wait_for_text(f"{MESH}/blue (仮想ノード)")


def test_a_new_virtual_node_appears_on_the_map(look, palette):
    canvas = look().page.locator("canvas[data-lines='4']")
    expect(canvas).to_have_attribute("aria-label", re.compile("5 boxes, 4 connections"))
    palette.stage.node("late")
    expect(canvas).to_have_attribute("aria-label", re.compile("6 boxes, 4 connections"))
