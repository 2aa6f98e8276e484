"""A foreign web page, also that of a task, cannot make its visitor's browser do anything here."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.console.browser import PATIENCE, chromium
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

TASK = "127.83.255.1"
"""An address as tasks' public ones are."""
CBOR = "/service/Route53AutoNaming_v20170314/operation/CreateHttpNamespace"
NAMESPACE = b"\xa1\x64Name\x64evil"
FORM = {"content-type": "application/x-www-form-urlencoded"}
PLAIN = {"content-type": "text/plain;charset=UTF-8"}
VPC = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.99.0.0/16"
SHARE = b'{"name": "evil"}'
TARGET = {"x-amz-target": "AmazonEC2ContainerServiceV20141113.CreateCluster"}
CLUSTER = b'{"clusterName": "evil"}'
MARKS: dict[str, Mapping[str, str]] = {
    "a task's page": {"origin": f"http://{TASK}:8080", "sec-fetch-site": "cross-site"},
    "a page at another port": {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-site"},
    "a page at another name of this machine": {"origin": "http://localhost:3000"},
    "a page at https": {"origin": "https://localhost"},
    "a page in a sandbox": {"origin": "null"},
    "an element of a page": {"sec-fetch-site": "cross-site"},
    "an element of a page beside it": {"sec-fetch-site": "same-site"},
    "an element in an old browser": {"referer": f"http://{TASK}:8080/shop"},
}
"""What browsers say of who made a request."""


class Attempt(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: bytes = b""


SIMPLE = {
    "reset": Attempt("POST", "/_moyai/reset", PLAIN, b"x"),
    "a form": Attempt("POST", "/", FORM, VPC.encode()),
    "CBOR": Attempt("POST", CBOR, PLAIN, NAMESPACE),
    "REST": Attempt("POST", "/createresourceshare", PLAIN, SHARE),
    "a picture": Attempt("GET", f"/?{VPC}"),
    "the console's API": Attempt("POST", "/console/api/", FORM, VPC.encode()),
}
"""What a page can have sent to another origin without asking it first (Fetch: no-CORS requests)."""
UNMARKED = {
    "a picture": Attempt("GET", f"/?{VPC}"),
    "a picture, of the head": Attempt("HEAD", f"/?{VPC}"),
    "a form as text": Attempt("POST", "/", PLAIN, VPC.encode()),
    "CBOR as text": Attempt("POST", CBOR, PLAIN, NAMESPACE),
    "CBOR as a form": Attempt("POST", CBOR, FORM, NAMESPACE),
    "CBOR without its own header": Attempt("POST", CBOR, {"content-type": "application/cbor"}, NAMESPACE),
    "CBOR of a picture": Attempt("GET", CBOR),
    "REST as text": Attempt("POST", "/createresourceshare", PLAIN, SHARE),
    "JSON as text": Attempt("POST", "/", PLAIN | TARGET, CLUSTER),
    "JSON as a form": Attempt("POST", "/", FORM | TARGET, CLUSTER),
}
"""The same from a browser that says nothing at all, and what no SDK sends."""
PAGE = """
<!doctype html><title>shop</title>
<form id="form" method="post" action="{url}/" target="there">
  <input name="Action" value="CreateVpc"><input name="Version" value="2016-11-15">
  <input name="CidrBlock" value="10.99.0.0/16">
</form>
<iframe name="there"></iframe>
<script>
const body = Uint8Array.from([0xa1, 0x64, 0x4e, 0x61, 0x6d, 0x65, 0x64, 0x65, 0x76, 0x69, 0x6c]);
const send = (path, init) => fetch("{url}" + path, {{mode: "no-cors", method: "POST", ...init}}).catch(() => 0);
const picture = (policy) => new Promise((done) => {{
  const made = Object.assign(new Image(), {{onload: done, onerror: done, referrerPolicy: policy}});
  made.src = "{url}/?{vpc}&n=" + policy;
}});
(async () => {{
  await send("/_moyai/reset");
  await send("/_moyai/reset", {{body: "x"}});
  await send("{cbor}", {{body}});
  await send("{cbor}", {{body: new Blob([body], {{type: "text/plain"}})}});
  await send("/createresourceshare", {{body: '{{"name": "evil"}}'}});
  await send("/", {{body: new URLSearchParams("{vpc}")}});
  await send("/console/api/", {{body: new URLSearchParams("{vpc}")}});
  await fetch("{url}{cbor}", {{method: "POST", body, headers: {{"content-type": "application/cbor"}}}}).catch(() => 0);
  await picture("no-referrer");
  await picture("unsafe-url");
  navigator.sendBeacon("{url}/_moyai/reset", "x");
  const answered = new Promise((done) => document.querySelector("iframe").addEventListener("load", done));
  document.getElementById("form").submit();
  await answered;
  document.title = "done";
}})();
</script>
"""
"""A page that tries all of it."""


def status(at: Installation, attempt: Attempt, marks: Mapping[str, str] = {}) -> int:
    """The status of the request, with the headers that the browser adds."""
    with closing(HTTPConnection("127.0.0.1", at.port, timeout=60)) as connection:
        connection.request(attempt.method, attempt.path, attempt.body, {**attempt.headers, **marks})
        return connection.getresponse().status


class World:
    """All resources, as the API lists them."""

    def __init__(self, at: Installation) -> None:
        self._ecs, self._ec2, self._cloudmap, self._ram = map(at.client, ("ecs", "ec2", "servicediscovery", "ram"))
        self._ecs.create_cluster(clusterName="mine")
        self._before = self._resources()

    def is_unchanged(self) -> bool:
        """Whether nothing of what the attempts are about has come or gone."""
        return self._resources() == self._before

    def _resources(self) -> dict[str, object]:
        return {
            "clusters": self._ecs.list_clusters()["clusterArns"],
            "vpcs": sorted(vpc["CidrBlock"] for vpc in self._ec2.describe_vpcs()["Vpcs"]),
            "namespaces": [namespace["Name"] for namespace in self._cloudmap.list_namespaces()["Namespaces"]],
            "shares": self._ram.get_resource_shares(resourceOwner="SELF")["resourceShares"],
        }


@pytest.fixture(scope="module")
def world(simulation: Installation) -> World:
    return World(simulation)


@pytest.mark.parametrize("marks", MARKS)
def test_cross_site_requests_are_refused(simulation, world, marks):
    answered = {name: status(simulation, attempt, MARKS[marks]) for name, attempt in SIMPLE.items()}
    assert answered == dict.fromkeys(SIMPLE, 403)
    assert world.is_unchanged()


def test_requests_without_sdk_headers_change_nothing(simulation, world):
    answered = {name: status(simulation, attempt) for name, attempt in UNMARKED.items()}
    assert {name: code for name, code in answered.items() if not 400 <= code < 500} == {}
    assert world.is_unchanged()


def test_a_cross_site_image_request_that_only_reads_is_answered(simulation):
    assert status(simulation, Attempt("GET", "/?Action=DescribeVpcs&Version=2016-11-15")) == 200


def test_manual_requests_are_answered(simulation):
    own = {"origin": simulation.url, "sec-fetch-site": "same-origin", "referer": f"{simulation.url}/console/"}
    health = Attempt("GET", "/_moyai/health")
    assert [status(simulation, health, marks) for marks in ({}, own, {"sec-fetch-site": "none"})] == [200] * 3
    attempt = Attempt("POST", "/console/api/", FORM, b"Action=DescribeVpcs&Version=2016-11-15")
    assert status(simulation, attempt, own) == 200


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """The folder as a task with a public address serves it; its URL."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer((TASK, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{TASK}:{server.server_port}"
        server.shutdown()


def test_a_page_in_a_browser_changes_nothing(simulation, world, tmp_path):
    (tmp_path / "index.html").write_text(PAGE.format(url=simulation.url, vpc=VPC, cbor=CBOR))
    with serve_folder(tmp_path) as url, chromium() as browser, closing(browser.new_page()) as tab:
        tab.set_default_timeout(PATIENCE)
        tab.goto(url)
        eventually(lambda: tab.title() == "done", "the page has tried everything")
        assert world.is_unchanged()
        tab.goto(f"{simulation.url}/console/clusters")
        tab.get_by_role("link", name="mine").wait_for()
    assert json.loads(simulation.own("GET", "health"))["status"] == "ok"
