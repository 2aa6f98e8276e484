"""A real Envoy as the front proxy of load balancers: cookies, weights, and TLS."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from contextlib import closing
from functools import partial

import httpx
import pytest
import yaml
from cryptography import x509

from moyai.domain.elb.front import front_workload
from moyai.mesh.load_balancing import compile_front
from tests.authority import Authority, an_authority
from tests.e2e.envoy_rig import PATIENCE, Rig, rig
from tests.e2e.rig_app import one_and_two
from tests.golden.load_balancing.balancers import VPC, world_of

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FRONT = front_workload(VPC)
NODE = ("10.99.0.1", 80)
BALANCER = """
loadBalancers:
  web:
    nodes: {us-east-1a: 10.99.0.1}
    listeners:
      80:
        rules:
          default: {action: {type: forward, groups: [sticky]}}
          1:
            conditions: [{type: path-pattern, values: ["/weighted*"]}]
            action:
              type: forward
              groups: [{group: first, weight: FIRST}, {group: second, weight: SECOND}]
              stickiness: 600
          2:
            conditions: [{type: path-pattern, values: ["/application*"]}]
            action: {type: forward, groups: [application]}
      443:
        protocol: HTTPS
        ssl_policy: ELBSecurityPolicy-TLS13-1-2-2021-06
        certificates: [shop, api]
        rules:
          default: {action: {type: forward, groups: [sticky]}}
          1:
            conditions: [{type: path-pattern, values: ["/grpc"]}]
            action: {type: forward, groups: [grpc]}
          2:
            conditions: [{type: path-pattern, values: ["/http2"]}]
            action: {type: forward, groups: [http2]}
targetGroups:
  sticky:
    attributes: {stickiness.enabled: "true"}
    health_check: {path: /ping}
    targets: {"10.99.0.2:8081": {}, "10.99.0.3:8082": {}}
  application:
    attributes:
      stickiness.enabled: "true"
      stickiness.type: app_cookie
      stickiness.app_cookie.cookie_name: id
    health_check: {path: /ping}
    targets: {"10.99.0.2:8081": {}, "10.99.0.3:8082": {}}
  first:
    health_check: {path: /ping}
    targets: {"10.99.0.2:8081": {}}
  second:
    health_check: {path: /ping}
    targets: {"10.99.0.3:8082": {}}
  grpc: {protocol_version: GRPC}
  http2: {protocol_version: HTTP2}
certificates: {shop: root, api: root}
"""


async def publish(front: Rig, weights: tuple[int, int], authority: Authority) -> None:
    """Configure the front proxy with these weights, and wait until it has acknowledged them."""
    text = BALANCER.replace("FIRST", str(weights[0])).replace("SECOND", str(weights[1]))
    shard = compile_front(world_of(yaml.safe_load(text), authority), VPC, str(front.folder / "health.json"))
    await front.configure(shard, FRONT)


@pytest.fixture
async def front():
    async with rig({}) as new_rig, one_and_two(new_rig.namespace, ("10.99.0.2", "10.99.0.3")):
        yield new_rig


@pytest.fixture
async def authority():
    return await an_authority()


async def cookies_and_app(front: Rig, path: str, cookie: str = "") -> tuple[list[str], str]:
    """The cookies that a response sets, and which application has sent it."""

    def call() -> tuple[list[str], str]:
        with closing(http.client.HTTPConnection(*NODE, timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers={"cookie": cookie} if cookie else {})
            response = connection.getresponse()
            return response.headers.get_all("set-cookie", []), json.loads(response.read())["app"]

    return await front.namespace.run(call)


async def test_a_session_stays_with_its_target(front, authority):
    await publish(front, (1, 1), authority)
    (cookie,), app = await cookies_and_app(front, "/")
    assert cookie.startswith("AWSALB=")
    assert "Max-Age=86400; Path=/" in cookie
    value = cookie.partition(";")[0]
    answers = [await cookies_and_app(front, "/", f"a=b; {value}") for _ in range(6)]
    assert {answer[1] for answer in answers} == {app}


async def test_a_session_can_follow_a_cookie_of_the_application(front, authority):
    await publish(front, (1, 1), authority)
    assert (await cookies_and_app(front, "/application"))[0] == []
    cookies, app = await cookies_and_app(front, "/application?set-cookie=id=7")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["id", "AWSALBAPP"]
    value = cookies[1].partition(";")[0]
    answers = [await cookies_and_app(front, "/application", f"id=7; {value}") for _ in range(6)]
    assert {answer[1] for answer in answers} == {app}


async def test_a_client_stays_with_its_group_while_it_has_a_weight(front, authority):
    await publish(front, (1, 0), authority)
    cookies, app = await cookies_and_app(front, "/weighted")
    assert app == "one"
    assert [cookie.partition("=")[0] for cookie in cookies] == ["AWSALBTG", "AWSALBTGCORS"]
    assert cookies[1].endswith("Max-Age=600; Path=/; SameSite=None; Secure")
    value = cookies[0].partition(";")[0]
    await publish(front, (1, 999), authority)
    answers = [await cookies_and_app(front, "/weighted", value) for _ in range(6)]
    assert {answer[1] for answer in answers} == {"one"}
    assert {(await cookies_and_app(front, "/weighted"))[1] for _ in range(6)} == {"two"}
    await publish(front, (0, 1), authority)
    assert {(await cookies_and_app(front, "/weighted", value))[1] for _ in range(6)} == {"two"}


@pytest.mark.parametrize(
    ("server_name", "certificate"), [("api.example.com", "api"), ("shop.example.com", "shop"), ("other", "shop")]
)
async def test_the_server_name_selects_the_certificate(front, authority, server_name, certificate):
    await publish(front, (1, 1), authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])

    def shake_hands() -> tuple[bytes | None, str | None]:
        with (
            socket.create_connection((NODE[0], 443), timeout=PATIENCE) as connection,
            context.wrap_socket(connection, server_hostname=server_name) as encrypted,
        ):
            return encrypted.getpeercert(binary_form=True), encrypted.selected_alpn_protocol()

    presented, protocol = await front.namespace.run(shake_hands)
    assert presented is not None
    names = x509.load_der_x509_certificate(presented).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == [f"{certificate}.example.com"]
    assert protocol == "h2"


async def test_requests_of_another_protocol_than_the_groups_version_are_464(front, authority):
    await publish(front, (1, 1), authority)
    call = ("POST", "application/grpc")

    def statuses(path: str, *requests: tuple[str, str], http2: bool = True) -> list[tuple[int, str]]:
        """The status of each response, and its gRPC status."""
        with httpx.Client(verify=False, http1=not http2, http2=http2, timeout=PATIENCE) as client:  # noqa: S501
            url = f"https://{NODE[0]}{path}"
            answers = [client.request(method, url, headers={"content-type": kind}) for method, kind in requests]
            return [(answer.status_code, answer.headers.get("grpc-status", "")) for answer in answers]

    for path, http2, requests, expected in (
        ("/", True, [call, ("GET", "text/plain")], [(200, "2"), (200, "")]),
        ("/", False, [("GET", "text/plain")], [(200, "")]),
        ("/grpc", True, [call, ("POST", "text/plain"), ("GET", "text/plain")], [(200, "14"), (503, ""), (464, "")]),
        ("/grpc", False, [("POST", "text/plain")], [(464, "")]),
        ("/http2", True, [call, ("GET", "text/plain")], [(200, "14"), (503, "")]),
        ("/http2", False, [("GET", "text/plain")], [(464, "")]),
    ):
        of_path = partial(statuses, path, *requests, http2=http2)
        assert (path, http2, await front.namespace.run(of_path)) == (path, http2, expected)
