"""The logs of load balancers: what a real Envoy writes, as lines with AWS's fields."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl

import pytest
import yaml

from moyai.domain.elb.front import front_workload
from moyai.mesh.load_balancing import compile_front
from moyai.telemetry.front_logs.entries import ConnectionEntry, Entry, FlowEntry, RequestEntry, read_entry
from moyai.telemetry.front_logs.lines import line_of
from tests.authority import an_authority
from tests.e2e.envoy_rig import PATIENCE, Rig, rig
from tests.e2e.rig_app import one_and_two
from tests.golden.load_balancing.balancers import VPC, group_arn, world_of

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FRONT = front_workload(VPC)
NODE = "10.99.0.1"
BALANCER = """
loadBalancers:
  web:
    nodes: {us-east-1a: 10.99.0.1}
    attributes: &logs
      access_logs.s3.enabled: "true"
      access_logs.s3.bucket: my-logs
      access_logs.s3.prefix: shop
      connection_logs.s3.enabled: "true"
      connection_logs.s3.bucket: my-logs
    listeners:
      80:
        rules: &rules
          default: {action: {type: forward, groups: [shop]}}
          3:
            conditions: [{type: path-pattern, values: ["/old*"]}]
            action: {type: redirect, status: 301, protocol: HTTPS, port: "443"}
          4:
            conditions: [{type: path-pattern, values: ["/fixed"]}]
            action: {type: fixed-response, status: 200, body: fixed}
          5:
            conditions: [{type: path-pattern, values: ["/refused"]}]
            action: {type: forward, groups: [refused]}
      443: {protocol: HTTPS, certificates: [shop], rules: *rules}
  edge:
    type: network
    nodes: {us-east-1a: 10.99.0.1}
    attributes: {access_logs.s3.enabled: "true", access_logs.s3.bucket: my-logs}
    listeners:
      444:
        protocol: TLS
        certificates: [shop]
        rules: {default: {action: {type: forward, groups: [tcp]}}}
targetGroups:
  shop: {health_check: {path: /ping}, targets: {"10.99.0.2:8081": {}}}
  tcp: {protocol: TCP, targets: {"10.99.0.2:8081": {}}}
  refused: {targets: {"10.99.0.2:9": {}}}
certificates: {shop: root}
"""


@pytest.fixture
async def front():
    async with rig({}) as new_rig, one_and_two(new_rig.namespace, ("10.99.0.2", "10.99.0.3")):
        world = world_of(yaml.safe_load(BALANCER), await an_authority())
        await new_rig.configure(compile_front(world, VPC, str(new_rig.folder / "health.json")), FRONT)
        yield new_rig


async def lines(front: Rig, kind: type[Entry], count: int, certificate: str | None = None) -> list[list[str]]:
    """The fields of the lines of a kind, when there are exactly so many; those in quotes with their quotes."""
    async with asyncio.timeout(PATIENCE):
        while True:
            every = map(read_entry, front.log(FRONT).splitlines())
            own = [entry for entry in every if isinstance(entry, kind)]
            if len(own) >= count:
                assert len(own) == count
                return [re.findall(r'"[^"]*"|\S+', line_of(entry, certificate)) for entry in own]
            await asyncio.sleep(0.05)


async def talk_tls(front: Rig, port: int, text: bytes) -> None:
    """Send over TLS, then read to the end."""

    def call() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((NODE, port), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="shop.example.com") as encrypted,
        ):
            encrypted.sendall(text)
            encrypted.makefile("rb").read()

    await front.namespace.run(call)


async def test_every_request_is_a_line(front):
    for path in ("/a?b", "/fixed", "/old", "/refused", "/cut"):
        await front.namespace.get(NODE, 80, path, host="shop.example:8080", user_agent='x"y\\')
    await front.namespace.talk(NODE, 80, b"GARBAGE\r\n\r\n")
    requests = await lines(front, RequestEntry, 6)
    assert {len(fields) for fields in requests} == {33}
    forward, fixed, redirect, refused, cut, garbage = requests
    assert forward[2] == "app/web/0000000000000web"
    assert forward[4] == "10.99.0.2:8081"
    assert all(re.fullmatch(r"0\.\d{3}", time) for time in forward[5:8])
    assert forward[8:10] == ["200", "200"]
    assert forward[12:17] == [
        '"GET http://shop.example:80/a?b HTTP/1.1"',
        r'"x\x22y\x5C"',
        "-",
        "-",
        group_arn("shop"),
    ]
    assert re.fullmatch(r'"Root=1-[0-9a-f]{8}-[0-9a-f]{24}"', forward[17])
    assert forward[18:21] == ['"-"', '"-"', "0"]
    assert forward[22:29] == ['"forward"', '"-"', '"-"', '"10.99.0.2:8081"', '"200"', '"-"', '"-"']
    assert forward[1] >= forward[21]
    for fields, target, statuses, priority, action in (
        (fixed, "-", ["200", "-"], "4", '"fixed-response"'),
        (redirect, "-", ["301", "-"], "3", '"redirect"'),
        (refused, "10.99.0.2:9", ["502", "-"], "5", '"forward"'),
        (cut, "10.99.0.2:8081", ["502", "-"], "0", '"forward"'),
        (garbage, "-", ["400", "-"], "-1", '"-"'),
    ):
        assert (fields[4], fields[8:10], fields[20], fields[22]) == (target, statuses, priority, action)
        assert fields[7] == "-1"
    assert redirect[23] == '"https://shop.example:443/old"'
    assert garbage[12] == '"- http://web-1.us-east-1.elb.localhost:80- -"'
    assert garbage[27] == '"Severe"'


async def test_a_client_that_leaves_has_the_status_460(front):
    def call() -> None:
        with socket.create_connection((NODE, 80), timeout=PATIENCE) as connection:
            connection.sendall(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n")

    await front.namespace.run(call)
    [fields] = await lines(front, RequestEntry, 1)
    assert fields[8:10] == ["460", "-"]


async def test_client_input_stays_in_one_line(front):
    long = b"/" + b"a" * 12_000
    head = b"GET %b HTTP/1.1\r\nhost: a\r\nuser-agent: %b\r\nconnection: close\r\n\r\n"
    await front.namespace.talk(NODE, 80, head % (long, b'\xff\\"{"' * 3000))
    [fields] = await lines(front, RequestEntry, 1)
    assert len(fields) == 33
    assert fields[12].startswith('"GET http://a:80/aaa')


async def test_connections_of_both_kinds_of_load_balancers_are_lines(front):
    request = b"GET /tls HTTP/1.1\r\nhost: shop.example.com\r\nconnection: close\r\n\r\n"
    await talk_tls(front, 443, request)
    await talk_tls(front, 444, request.replace(b"/tls", b"/cut"))
    await front.namespace.talk(NODE, 443, b"GARBAGE\r\n\r\n")
    [request_line] = await lines(front, RequestEntry, 1, "arn:certificate")
    assert request_line[0] == "https"
    assert request_line[14:16] == ["ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.2"]
    assert request_line[18:20] == ['"shop.example.com"', '"arn:certificate"']
    connection, refused = await lines(front, ConnectionEntry, 2)
    assert connection[1:6] == [
        *request_line[3].split(":"),
        "443",
        "TLSv1.2",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
    ]
    assert connection[-2:] == ["Success", request_line[29]]
    assert refused[4:7] == ["-", "-", "-"]
    assert refused[-2] == "Failed:UnmappedConnectionError"
    [flow] = await lines(front, FlowEntry, 1, "arn:certificate")
    assert len(flow) == 22
    assert (flow[:2], flow[3], flow[6]) == (["tls", "2.0"], "net/edge/000000000000edge", "10.99.0.1:444")
    assert flow[12] == "arn:certificate"
    assert flow[14:18] == ["ECDHE-ECDSA-AES128-GCM-SHA256", "tlsv12", "-", "shop.example.com"]
