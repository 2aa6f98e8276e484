"""Signing in to a console that others can reach, and what an attacker tries there; simulated tasks do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from types import MappingProxyType
from urllib.parse import quote

import pytest
from playwright.sync_api import Dialog, expect

from tests.e2e.console.browser import Person
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

CSRF = "x-moyai-csrf"
FRAME = "url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))"
NOTHING: Mapping[str, str] = MappingProxyType({})
SIGNED = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=none"
EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def sign_in(person: Person, key: str, secret: str) -> None:
    person.fill("Access key ID", key)
    person.fill("Secret access key", secret)
    person.press("Sign in")


def ask(at: Installation, method: str, path: str, body: object, headers: Mapping[str, str] = NOTHING) -> int:
    """The status of one request of a client that is no browser."""
    with closing(HTTPConnection("127.0.0.1", at.port, timeout=60)) as connection:
        connection.request(method, f"/console/{path}", json.dumps(body), dict(headers))
        return connection.getresponse().status


def api(at: Installation, cookie: str, token: str) -> int:
    """ListClusters by a session's cookie and a token."""
    target = {"x-amz-target": "AmazonEC2ContainerServiceV20141113.ListClusters"}
    params = {"cookie": f"moyai-console={cookie}", CSRF: token, "content-type": "application/x-amz-json-1.1"}
    return ask(at, "POST", "api/", {}, params | target | {"authorization": SIGNED})


def test_a_person_signs_in_by_a_key_and_signing_out_ends_the_session(visit, keyed_installation):
    key, secret = keyed_installation.make_key()
    person: Person = visit(keyed_installation)
    person.open("clusters")
    person.wait_for_title("Sign in")
    assert person.violations() == []
    sign_in(person, key, "wrong")
    person.wait_for_text("The access key ID or the secret is not right.")
    sign_in(person, key, secret)
    person.wait_for_title("Clusters")
    person.wait_for_text("No clusters")
    [cookie] = person.page.context.cookies(f"{keyed_installation.url}/console/")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/console")
    kept = person.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert secret not in kept
    assert cookie["value"] not in kept
    token = person.page.evaluate("async () => (await (await fetch('/console/session')).json()).csrf")
    assert api(keyed_installation, cookie["value"], token) == 200
    assert api(keyed_installation, cookie["value"], "") == 403
    assert api(keyed_installation, cookie["value"], "0" * len(token)) == 403
    person.page.reload()
    person.wait_for_title("Clusters")
    person.click(person.page.get_by_role("button", name=key))
    person.click(person.page.get_by_role("menuitem", name="Sign out"))
    person.wait_for_title("Sign in")
    assert api(keyed_installation, cookie["value"], token) == 401
    assert secret not in keyed_installation.log.read_text()


def test_signing_in_replaces_a_preset_session_cookie(visit, keyed_installation):
    key, secret = keyed_installation.make_key()
    person: Person = visit(keyed_installation)
    brought = {"name": "moyai-console", "value": "a" * 64, "domain": "127.0.0.1", "path": "/console"}
    person.page.context.add_cookies([brought])  # type: ignore[list-item]
    person.open("clusters")
    sign_in(person, key, secret)
    person.wait_for_title("Clusters")
    assert "a" * 64 not in {
        cookie["value"] for cookie in person.page.context.cookies(f"{keyed_installation.url}/console/")
    }
    keyed_installation.moyai("keys", "revoke", key, "--state", str(keyed_installation.state))
    person.page.reload()
    person.wait_for_title("Sign in")


def test_a_login_request_is_limited_in_size(keyed_installation):
    assert ask(keyed_installation, "POST", "session", {"accessKeyId": "x" * 2_000_000, "secretAccessKey": ""}) in {
        400,
        413,
    }


def test_user_input_is_rendered_as_text(visit, simulation):
    """A script among it would open a dialog, or break the page's policy, which the person hears."""
    simulation.client("servicediscovery").create_http_namespace(Name="evil", Description=EVIL)
    person: Person = visit(simulation)
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    person.page.on("dialog", dismiss)
    person.open("create-cluster")
    person.click(person.page.get_by_label("Default Service Connect namespace"))
    person.wait_for_text(EVIL)
    for path in (
        "clusters/{}",
        "clusters/{}/services/{}",
        "traffic?find={}&focus={}&edge={}&namespace={}&range={}",
        "{}",
    ):
        person.open(path.replace("{}", quote(EVIL, safe="")))
        person.wait_until_loaded()
    assert dialogs == []


def test_a_page_elsewhere_can_neither_frame_the_console_nor_act_through_it(browser, simulation):
    """The other page is at another port of this machine, so that the same cookies would go along."""
    page = browser.new_context().new_page()
    page.route(
        "http://127.0.0.1:9/**", lambda route: route.fulfill(body="<h1>elsewhere</h1>", content_type="text/html")
    )
    page.goto("http://127.0.0.1:9/")
    page.evaluate(FRAME, f"{simulation.url}/console/")
    frame = page.frames[-1]
    frame.wait_for_load_state()
    assert frame.locator("#root, header").count() == 0
    sent = page.evaluate(
        """url => fetch(url, {method: 'POST', mode: 'no-cors', body: '{"clusterName": "by-a-stranger"}',
             headers: {'content-type': 'text/plain'}}).then(() => 'sent', () => 'refused')""",
        f"{simulation.url}/console/api/?Action=CreateCluster",
    )
    assert sent in {"sent", "refused"}
    names = simulation.client("ecs").list_clusters()["clusterArns"]
    assert not [name for name in names if name.endswith("by-a-stranger")]
    page.context.close()


@pytest.mark.heavy
def test_deep_links_language_and_appearance_outlast_a_reload_and_the_server_may_leave_and_come_back(visit, tmp_path):
    server = Installation(tmp_path / "state", "--runtime", "sim")
    server.up()
    try:
        server.client("ecs").create_cluster(clusterName="kept")
        person: Person = visit(server)
        person.open("clusters/kept/tasks")
        person.wait_for_title("kept")
        preference(person, "Preferences", "Dark")
        preference(person, "Preferences", "日本語")
        expect(person.page.locator("html")).to_have_attribute("lang", "ja")
        person.page.reload()
        person.wait_for_title("kept")
        expect(person.page.locator("html")).to_have_attribute("lang", "ja")
        expect(person.page.locator("body")).to_have_class("awsui-dark-mode")
        preference(person, "設定", "English")
        person.wait_for_text("No running tasks")
        server.terminate()
        person.wait_for_text("The server isn't responding")
        server.up()
        expect(person.page.get_by_text("The server isn't responding")).to_be_hidden()
        server.client("ecs").put_cluster_capacity_providers(
            cluster="kept", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
        )
        person.complaints.clear()  # the stream that ended, and what was asked meanwhile
    finally:
        assert server.leave() == []


def preference(person: Person, menu: str, choice: str) -> None:
    person.press(menu)
    person.click(person.page.get_by_role("menuitemcheckbox", name=choice))
