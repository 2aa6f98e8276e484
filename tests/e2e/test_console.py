"""The console over HTTP: the build that set-up made, who is kept out, and what has changed as it changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import NamedTuple

import pytest

from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

SIGNED = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=none"
TARGET = "AmazonEC2ContainerServiceV20141113.{}"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


def ask(at: Installation, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> Answer:
    with closing(HTTPConnection("127.0.0.1", at.port, timeout=60)) as connection:
        connection.request(method, f"/console/{path}", body, headers or {})
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, named, answer.read().decode())


def call(at: Installation, operation: str, members: object, headers: dict[str, str] | None = None) -> Answer:
    texts = {
        "x-amz-target": TARGET.format(operation),
        "content-type": "application/x-amz-json-1.1",
        "authorization": SIGNED.format("123456789012"),
    }
    return ask(at, "POST", "api/", json.dumps(members), texts | (headers or {}))


@contextmanager
def events(at: Installation, headers: dict[str, str] | None = None) -> Iterator[HTTPResponse]:
    with closing(HTTPConnection("127.0.0.1", at.port, timeout=60)) as connection:
        connection.request("GET", "/console/events?account=123456789012&region=us-east-1", headers=headers or {})
        yield connection.getresponse()


def next_event(stream: HTTPResponse, kind: str) -> object:
    """The next event of this kind."""
    while True:
        lines = iter(lambda: stream.readline().decode().rstrip("\n"), "")
        fields = dict(line.split(": ", 1) for line in lines)
        if fields.get("event") == kind:
            return json.loads(fields["data"])


def test_the_build_is_served_whole_and_a_deep_link_is_its_page(simulation: Installation) -> None:
    page = ask(simulation, "GET", "clusters/shop/services/front")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assets = re.findall(r'(?:src|href)="/console/([^"]+)"', page.body)
    assert any(name.endswith(".js") for name in assets)
    for name in assets:
        response = ask(simulation, "GET", name)
        assert (name, response.status) == (name, 200)
    assert "<script>" not in page.body
    assert "style=" not in page.body


def test_api_changes_arrive_on_the_event_stream(simulation: Installation) -> None:
    with events(simulation) as stream:
        assert next_event(stream, "hello") == {}
        assert call(simulation, "CreateCluster", {"clusterName": "seen"}).status == 200
        arn = "arn:aws:ecs:us-east-1:123456789012:cluster/seen"
        key = {"kind": "cluster", "cluster": "seen", "id": arn}
        event_data = next_event(stream, "changed")
        while key not in event_data["keys"]:  # type: ignore[index]  # others use the same server
            event_data = next_event(stream, "changed")
        next_event(stream, "metrics")


def test_cross_site_pages_reach_only_the_consoles_files(simulation: Installation) -> None:
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert call(simulation, "DeleteCluster", {"cluster": "x"}, elsewhere).status == 403
    assert ask(simulation, "GET", "events", headers={"sec-fetch-site": "cross-site"}).status == 403
    rebound = {"host": "evil.example", "origin": "http://evil.example", "sec-fetch-site": "same-origin"}
    assert call(simulation, "ListClusters", {}, rebound).status == 403
    opened = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert ask(simulation, "GET", "clusters", headers=opened).status == 200
