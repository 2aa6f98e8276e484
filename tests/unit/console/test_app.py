"""Access to the console's paths, with keys and without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from moyai.api.wire.http import HttpRequest
from moyai.app.adapters.console_endpoint import console_handler
from moyai.console.app import RESERVED, Console, ConsoleEndpoint
from moyai.console.events import Events
from moyai.console.files import Files
from moyai.console.gateway import GatewayPorts
from moyai.console.images import ImagesEndpoint
from moyai.console.logins import Logins
from moyai.console.output import ContainerOutput
from moyai.console.session import Home, Sessions
from moyai.console.traces import TracesEndpoint
from moyai.domain.defaults import Defaults
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.kernel.ids import AccountId, ClusterArn, Region, TaskId, VpcId
from moyai.kernel.scope import Scope
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.telemetry.traces.recorder import SpanRecorder
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.ids import SeededIds
from tests.unit.api import world

KEY, SECRET = "AKIAEXAMPLE", "s3cret"
PUBLISHED = PublishedPort(TaskId("t"), "127.83.0.1", VpcId("vpc-1"), "10.0.0.1", 80)
HOME = Home("1.0", Scope(AccountId("123456789012"), Region("us-east-1")))
SIGNED = "AWS4-HMAC-SHA256 Credential={}/20270115/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=ab"
DATA = ("data/gateway", "data/images", "data/output", "data/traces")
ROUTES = Path(__file__).parents[3] / "web/src/app/routes.tsx"
CALLER = b"Action=GetCallerIdentity&Version=2011-06-15"


def handler(tmp_path, *, keys):
    clock, ids = ManualClock(), SeededIds()
    clusters = (
        Cluster(ClusterArn(f"arn:aws:ecs:{region}:{account}:cluster/shop"), "shop", EPOCH)
        for account, region in [("123456789012", "eu-west-1"), ("111111111111", "us-east-1")]
    )
    store = MemoryStore((*clusters, Defaults(gateway_http_port=8080)))
    access_keys = world.Keys({KEY: SECRET}) if keys else None
    sessions = Sessions(store, Logins(access_keys, clock, ids) if access_keys is not None else None, HOME)
    endpoints: Mapping[str, ConsoleEndpoint] = {
        "gateway": GatewayPorts(store, lambda: {PUBLISHED: 20001}),
        "images": ImagesEndpoint(store, None),
        "output": ContainerOutput(store, SimRuntime(clock)),
        "traces": TracesEndpoint(SpanRecorder(lambda _: None, 0, clock), clock),
    }
    console = Console(Files(tmp_path), sessions, Events(store, clock), endpoints)
    return console_handler(console, world.gateway(keys=access_keys))


@pytest.fixture
def open_one(tmp_path):
    """A console where requests need no key."""
    return handler(tmp_path, keys=False)


@pytest.fixture
def closed_one(tmp_path):
    """A console where they do."""
    return handler(tmp_path, keys=True)


def request(method, path, body=b"", query="", **headers):
    params = {"host": "127.0.0.1:4566"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(method, f"/console/{path}", query, params, body)


def call_api(account="123456789012", **headers):
    headers = {"content_type": "application/x-www-form-urlencoded", "authorization": SIGNED.format(account)} | headers
    return request("POST", "api/", CALLER, **headers)


async def log_in(serve, secret=SECRET, **headers):
    body = msgspec.json.encode({"accessKeyId": KEY, "secretAccessKey": secret})
    answer = await serve(request("POST", "session", body, **headers))
    return answer, answer.headers.get("set-cookie", "").partition(";")[0]


def json_body(answer):
    return msgspec.json.decode(answer.body)


async def test_without_keys_the_credential_chooses_the_account(open_one):
    answer = await open_one(call_api("111111111111"))
    assert answer.status == 200
    assert b"<Account>111111111111</Account>" in answer.body
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_without_keys_a_session_lists_every_scope(open_one):
    answer = json_body(await open_one(request("GET", "session")))
    assert answer["login"] is False
    assert answer["scopes"] == [
        {"account": "111111111111", "region": "us-east-1"},
        {"account": "123456789012", "region": "eu-west-1"},
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": "null", "host": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["api/", "events", "session", *DATA])
async def test_a_page_of_another_origin_is_refused(open_one, closed_one, path, headers):
    for serve in (open_one, closed_one):
        assert (await serve(request("GET", path, **headers))).status == 403


async def test_same_origin_requests_are_answered(open_one):
    answer = await open_one(call_api(origin="http://127.0.0.1:4566", sec_fetch_site="same-origin"))
    assert answer.status == 200


@pytest.mark.parametrize("path", ["api/", "events", *DATA])
async def test_with_keys_a_login_is_required(closed_one, path):
    for asked in (request("GET", path), request("POST", path, cookie="moyai-console=guessed", x_moyai_csrf="guessed")):
        answer = await closed_one(asked)
        assert answer.status == 401
        assert json_body(answer)["__type"] == "ExpiredTokenException"
    assert json_body(await closed_one(request("GET", "session"))) == {
        "version": "1.0",
        "home": {"account": "123456789012", "region": "us-east-1"},
        "scopes": [],
        "login": True,
        "accessKey": None,
        "csrf": "",
    }


async def test_a_login_acts_with_its_key_and_account(closed_one):
    answer, cookie = await log_in(closed_one)
    session = json_body(answer)
    assert session["accessKey"] == KEY
    assert session["scopes"] == [{"account": "123456789012", "region": "eu-west-1"}]
    answer = await closed_one(call_api("111111111111", cookie=cookie, x_moyai_csrf=session["csrf"]))
    assert answer.status == 200
    assert b"<Account>123456789012</Account>" in answer.body  # not the one that the credential names
    assert f"<UserId>{KEY}</UserId>".encode() in answer.body


async def test_gateway_ports_are_shown_by_public_address(open_one, closed_one):
    _, cookie = await log_in(closed_one)
    for answer in (
        await open_one(request("GET", "data/gateway")),
        await closed_one(request("GET", "data/gateway", cookie=cookie)),
    ):
        ports = [{"address": "127.83.0.1", "port": 80, "gatewayPort": 20001}]
        assert json_body(answer) == {
            "httpPort": 8080,
            "httpsPort": None,
            "ports": ports,
            "listeners": [],
        }
    assert (await open_one(request("POST", "data/gateway"))).status == 405


async def test_a_request_without_the_csrf_token_changes_nothing(closed_one):
    _, cookie = await log_in(closed_one)
    for headers in ({}, {"x_moyai_csrf": "0" * 64}):
        assert (await closed_one(call_api(cookie=cookie, **headers))).status == 403
        assert (await closed_one(request("DELETE", "session", cookie=cookie, **headers))).status == 403
        assert (await closed_one(request("DELETE", "data/images", cookie=cookie, **headers))).status == 403


async def test_the_cookie_is_limited_to_the_console_and_http_only(closed_one):
    answer, _ = await log_in(closed_one)
    attributes = answer.headers["set-cookie"].split("; ")[1:]
    assert attributes == ["Path=/console", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]
    answer, _ = await log_in(closed_one, origin="https://127.0.0.1:4566")
    assert answer.headers["set-cookie"].endswith("; Secure")


async def test_signing_out_ends_the_session(closed_one):
    answer, cookie = await log_in(closed_one)
    csrf = json_body(answer)["csrf"]
    answer = await closed_one(request("DELETE", "session", cookie=cookie, x_moyai_csrf=csrf))
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (await closed_one(call_api(cookie=cookie, x_moyai_csrf=csrf))).status == 401


async def test_a_wrong_secret_is_refused(closed_one):
    answer, cookie = await log_in(closed_one, "wrong")
    assert (answer.status, cookie) == (401, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"accessKeyId": 1}',
        b'{"accessKeyId": "\xff", "secretAccessKey": ""}',
        b'{"accessKeyId": "' + b"A" * 999 + b'", "secretAccessKey": ""}',
    ],
)
async def test_malformed_logins_are_refused(closed_one, body):
    assert (await closed_one(request("POST", "session", body))).status == 400


async def test_an_api_request_without_a_region_is_refused(closed_one):
    answer, cookie = await log_in(closed_one)
    asked = call_api(cookie=cookie, x_moyai_csrf=json_body(answer)["csrf"], authorization="")
    assert (await closed_one(asked)).status == 403


async def test_the_bare_prefix_redirects_to_the_console(open_one):
    answer = await open_one(HttpRequest("GET", "/console", "", {}))
    assert (answer.status, answer.headers["location"]) == (308, "/console/")


def test_no_page_has_the_path_of_an_endpoint():
    pages = set(re.findall(r'^  "/([^/"]+)[^"]*": lazy\(', ROUTES.read_text(), re.MULTILINE))
    assert {"images", "traces", "clusters"} <= pages
    assert not pages & RESERVED


@pytest.mark.parametrize("path", ["images", "traces", f"traces/{'1' * 32}", "traffic"])
async def test_a_page_is_loaded_at_its_path(tmp_path, path):
    (tmp_path / "index.html").write_text("the page")
    answer = await handler(tmp_path, keys=True)(request("GET", path))
    assert (answer.status, bytes(answer.body)) == (200, b"the page")


@pytest.mark.parametrize("path", ["data", "data/", "data/unknown", "data/images/x", "events/x", "session/x"])
async def test_an_unknown_path_beside_an_endpoint_is_not_found(open_one, path):
    for method in ("GET", "POST"):
        assert (await open_one(request(method, path))).status == 404
