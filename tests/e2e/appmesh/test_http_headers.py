"""howto-http-headers, retold: a colour for each kind of header, and the priority between two that match."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

HEADER = "color_header"
ROUTES: dict[str, dict[str, Any]] = {
    "blue": {"priority": 900, "match": {"headers": [{"name": HEADER, "match": {"range": {"start": 100, "end": 150}}}]}},
    "green": {"priority": 2, "match": {"headers": [{"name": HEADER, "match": {"regex": "redor.*"}}]}},
    "red": {"priority": 5, "match": {"headers": [{"name": HEADER, "match": {"prefix": "redorgreen"}}]}},
    "orange": {"priority": 1, "match": {"headers": [{"name": HEADER, "match": {"exact": "orange"}}]}},
    "yellow": {"priority": 990, "match": {"headers": [{"name": HEADER}]}},
    "white": {"priority": 995, "match": {"method": "GET"}},
    "purple": {"priority": 1000, "match": {"headers": [{"name": HEADER, "invert": True}]}},
}
CHOSEN = [
    ("orange", "orange"),
    ("redorblack", "green"),
    ("100", "blue"),
    ("149", "blue"),
    ("150", "yellow"),
    ("anything", "yellow"),
    (None, "white"),
]
"""A value of the header, and the colour that answers a GET with it."""


class Colours(NamedTuple):
    stage: Stage
    front: Bastion

    def colour_of(self, value: str | None = None, method: str = "GET") -> str:
        """The colour that answers a request with this value of the header."""
        headers = {} if value is None else {HEADER: value}
        return self.front.colour(f"http://color.{self.stage.domain}:8080/", method, **headers)

    def all_answer(self) -> bool:
        """Whether each colour but red, which green comes before, has been asked and has answered."""
        chosen = all(self.colour_of(value) == colour for value, colour in CHOSEN)
        return chosen and self.colour_of(method="POST") == "purple"


@pytest.fixture(scope="module")
def colours(server: Installation) -> Colours:
    stage = Stage(server, "howto-http-headers")
    stage.router("color-router", {"port": 8080, "protocol": "http"})
    for colour, route in ROUTES.items():
        family = stage.cloud_map_discovery("color", ECS_TASK_DEFINITION_FAMILY=f"{stage.name}-{colour}")
        stage.node(colour, listener(), serviceDiscovery=family)
        match = {"prefix": "/"} | route["match"]
        stage.route(
            "color-router",
            colour,
            priority=route["priority"],
            httpRoute={"match": match, "action": to(colour)},
        )
        stage.colour(colour, 8080, found_as="color")
    stage.service("color", router="color-router")
    front = stage.client("front", "color")
    stage.cluster.steady(*ROUTES)
    new_colours = Colours(stage, front)
    eventually(new_colours.all_answer, "the front knows every colour")
    return new_colours


@pytest.mark.parametrize(("value", "colour"), CHOSEN)
def test_a_header_match_chooses_the_route(colours, value, colour):
    assert colours.colour_of(value) == colour


def test_inverted_header_and_method_matches_choose_the_route(colours):
    assert colours.colour_of(method="POST") == "purple"


def test_the_route_with_the_lower_priority_number_wins(colours):
    assert colours.colour_of("redorgreencolor") == "green"
    red = {"match": {"prefix": "/"} | ROUTES["red"]["match"], "action": to("red")}
    colours.stage.route("color-router", "red", priority=1, httpRoute=red)
    eventually(lambda: colours.colour_of("redorgreencolor") == "red", "red comes before green")
