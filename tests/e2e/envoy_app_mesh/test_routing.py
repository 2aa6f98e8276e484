"""Real Envoys whose routes depend on ports and hosts, as App Mesh's did: where requests go, and how they end.

The address that a name stands for is never dialled: what goes out is captured, and its port and host say whom it means.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from socket import create_connection

import pytest
from msgspec.structs import replace

from moyai.mesh.ir import (
    Destination,
    FixedSource,
    HeaderMatcher,
    InboundPort,
    Member,
    OriginalDestinationSource,
    OutboundPort,
    OutboundView,
    PathMatcher,
    PathTest,
    Protocol,
    RequestMatch,
    Rewrite,
    SniPassthrough,
    StreamSplit,
    TextMatcher,
    TextTest,
    VirtualHost,
    WeightedDestination,
    Workload,
)
from tests.e2e.envoy_app_mesh.mesh import (
    ANYWHERE,
    ANYWHERE_6,
    CALLER,
    GATEWAY,
    ONE,
    PASS,
    PLACES,
    TIMEOUTS,
    caller,
    host,
    http,
    mesh,
    node,
    rule,
    to,
)
from tests.e2e.envoy_rig import PATIENCE, Rig
from tests.e2e.rig_app import App

pytestmark = [pytest.mark.e2e, pytest.mark.root]

DIRECT = {"one": (Member("a", "127.0.0.1", 8081),), "two": (Member("a", "127.0.0.1", 8082),)}
"""Past their proxies."""
BOTH = (to("one"), to("two"))
HTTP2_REQUEST = b"".join((
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)),  # no settings
    bytes((0, 0, 6, 1, 5, 0, 0, 0, 1)),  # the headers of stream 1, and its end
    bytes((0x82, 0x86, 0x84, 0x41, 1)) + b"x",  # GET, http, /, and the authority
))  # fmt: skip
MARK = "x-app-mesh-virtual-service"


async def shares(envoys: Rig, requests: int) -> Counter[str]:
    answers = [await envoys.namespace.get(ANYWHERE, 80, host="shop") for _ in range(requests)]
    assert {a.status for a in answers} == {200}
    return Counter(json.loads(a.body)["app"] for a in answers)


async def test_requests_are_routed_by_host(envoys, apps):
    routed_mesh = mesh(caller(http(host("shop", rule("one")), host("empty"))), node(ONE), destinations=BOTH)
    await envoys.configure(routed_mesh, ONE, CALLER)
    get = envoys.namespace.get
    assert [(await get(ANYWHERE, 80, host=name)).status for name in ("shop", "SHOP", "shop:80")] == [200] * 3
    assert [(await get(ANYWHERE, 80, host=name)).status for name in ("else", "empty")] == [404] * 2
    assert await envoys.namespace.talk(ANYWHERE, 81, b"GET / HTTP/1.1\r\n\r\n") == b""
    assert await envoys.count(CALLER, "cluster.cds_egress_shop_one_http_80.upstream_rq_200") == 3
    assert await envoys.count(ONE, "cluster.cds_ingress_one_http_8081.upstream_rq_200") == 3
    assert await envoys.count(ONE, "http.ingress.downstream_rq_2xx") == 3
    assert await envoys.count(CALLER, "listener.127.0.0.1_15001.no_filter_chain_match") == 1
    assert "warning" not in envoys.log(CALLER) + envoys.log(ONE)


async def test_requests_to_unknown_hosts_pass_where_egress_is_allowed(envoys, apps):
    everything = VirtualHost("*", ("*",), (rule("pass"),))
    view = caller(http(host("shop", rule("one")), everything), fallback="pass")
    await envoys.configure(mesh(view, destinations=(*BOTH, PASS), groups=DIRECT), CALLER)
    there, elsewhere = App("there"), App("elsewhere")
    await there.start(envoys.namespace, 80, ANYWHERE)
    await elsewhere.start(envoys.namespace, 81, ANYWHERE)
    requests = [
        await envoys.namespace.get(ANYWHERE, port, host=name) for port, name in ((80, "shop"), (80, "x"), (81, "x"))
    ]
    assert [json.loads(answer.body)["app"] for answer in requests] == ["one", "there", "elsewhere"]
    assert await envoys.count(CALLER, f"cluster.{PASS.label}.upstream_cx_total") == 2
    await there.stop()
    await elsewhere.stop()


async def test_passed_through_requests_keep_their_protocol(envoys):
    everything = caller(http(VirtualHost("*", ("*",), (rule("pass"),))))
    await envoys.configure(mesh(everything, destinations=[PASS]), CALLER)
    queue: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        queue.put_nowait(await reader.readexactly(3))
        writer.close()

    there = await asyncio.start_server(listen, sock=await envoys.namespace.listen(ANYWHERE, 80))
    for request, first in ((HTTP2_REQUEST, b"PRI"), (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"GET")):
        wire = await envoys.namespace.run(lambda: create_connection((ANYWHERE, 80)))
        wire.sendall(request)
        assert await asyncio.wait_for(queue.get(), PATIENCE) == first
        wire.close()
    there.close()


async def test_tls_is_passed_through_by_its_server_name(envoys):
    destination = Destination("aws", OriginalDestinationSource(), Protocol.TCP, 1, label="cds_egress_shop_amazonaws")
    view = caller(passes=(SniPassthrough(443, ("*.aws.test",), "aws"),))
    await envoys.configure(mesh(view, destinations=(destination,)), CALLER)
    there = await asyncio.start_server(answer_heard, sock=await envoys.namespace.listen(ANYWHERE, 443))
    assert await envoys.namespace.talk(ANYWHERE, 443, hello("a.aws.test")) == b"heard"
    assert await envoys.namespace.talk(ANYWHERE, 443, hello("a.other.test")) == b""
    there.close()


async def answer_heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"heard")
    writer.close()


def hello(name: str) -> bytes:
    """The ClientHello of a TLS client."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(received, sent, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


async def test_tcp_streams_are_routed_by_port(envoys, apps):
    split = StreamSplit((WeightedDestination("one", 0), WeightedDestination("two", 1)), TIMEOUTS, 1)
    view = caller(OutboundPort(5000, Protocol.TCP, split, "egress"))
    await envoys.configure(mesh(view, destinations=BOTH, groups=DIRECT), CALLER)
    assert b'"two"' in await envoys.namespace.talk(ANYWHERE, 5000, b"GET /last HTTP/1.1\r\n\r\n")
    closed_split = replace(split, targets=())
    view = caller(OutboundPort(5000, Protocol.TCP, closed_split, "egress"))
    await envoys.configure(mesh(view, destinations=BOTH, groups=DIRECT), CALLER)
    assert await envoys.namespace.talk(ANYWHERE, 5000, b"GET /last HTTP/1.1\r\n\r\n") == b""


async def test_weights_split_requests_and_zero_weight_gets_none(envoys, apps):
    for weights, expected in (((100, 0), {"one"}), ((50, 50), {"one", "two"}), ((0, 100), {"two"})):
        split = rule(*(WeightedDestination(d.name, weight) for d, weight in zip(BOTH, weights, strict=True)))
        await envoys.configure(mesh(caller(http(host("shop", split))), destinations=BOTH, groups=DIRECT), CALLER)
        assert (await shares(envoys, 30)).keys() == expected
    await envoys.configure(mesh(caller(http(host("shop", rule()))), destinations=BOTH, groups=DIRECT), CALLER)
    assert (await envoys.namespace.get(ANYWHERE, 80, host="shop")).status == 503


async def test_paths_are_normalized_and_rewritten(envoys, apps):
    def below(prefix: str, rewrite: Rewrite):
        return rule("one", match=RequestMatch(path=PathMatcher(PathTest.PREFIX, prefix)), rewrite=rewrite)

    whole = Rewrite(path="/new\\1%$&", host="renamed", headers=(("x-set", "100%"),), without=("x-gone",))
    exact = rule("one", match=RequestMatch(path=PathMatcher(PathTest.EXACT, "/exact")), rewrite=whole)
    regex = rule("one", match=RequestMatch(path=PathMatcher(PathTest.REGEX, "/r[0-9]+")), rewrite=whole)
    chapter = below("/chapter/", Rewrite(prefix="/")), below("/chapter", Rewrite(prefix="/"))
    view = caller(http(host("shop", exact, regex, *chapter)))
    await envoys.configure(mesh(view, destinations=BOTH, groups=DIRECT), CALLER)
    paths = {
        "/chapter": "/",
        "/chapter/": "/",
        "/chapter/1?q=%2F": "/1?q=%2F",
        "//chapter//1": "/1",
        "/chapterx": "/x",
        "/chapter/a%2Fb/../c": "/c",
        "/chapter/a%2Fb": "/a%2Fb",
        "/exact?q=1": "/new\\1%$&?q=1",
        "/r12": "/new\\1%$&",
    }
    for path in paths:
        await envoys.namespace.get(ANYWHERE, 80, path, host="shop", x_set="client's", x_gone="1", x_kept="1")
    assert [line.split(" ")[1] for line in apps[0].requests] == list(paths.values())
    seen = apps[0].heads[-1]
    assert (seen["host"], seen["x-set"], seen["x-kept"]) == ("renamed", "100%", "1")
    assert "x-gone" not in seen
    assert "x-gone" in apps[0].heads[0]


def gateway() -> Workload:
    """Both hops of one: by path and host to itself, then to services by their names."""
    renamed_rule = rule(
        "self", match=RequestMatch(path=PathMatcher(PathTest.PREFIX, "/one/")), rewrite=Rewrite("one.shop", "/")
    )
    stored_rule = rule("self", rewrite=Rewrite(headers=((MARK, "two.shop"),)))
    hosts = VirtualHost("any", ("*",), (renamed_rule,)), VirtualHost("kept", ("*.example.com",), (stored_rule,))
    request_match = RequestMatch(headers=(HeaderMatcher(MARK, TextMatcher(TextTest.EXACT, "two.shop")),))
    inner = (
        VirtualHost("one.shop", ("one.shop", "one.shop:15001"), (rule("one", rewrite=Rewrite(without=(MARK,))),)),
        VirtualHost("default_backend", ("*",), (rule("two", match=request_match, rewrite=Rewrite(without=(MARK,))),)),
    )
    inbound_port = InboundPort(
        9080, Protocol.HTTP, TIMEOUTS, 1, "ingress", listen_port=9080, hosts=hosts,
        routes_label="rds_ingress_http_9080", listener_label="lds_ingress_0.0.0.0_9080",
    )  # fmt: skip
    return Workload(
        GATEWAY,
        "a",
        15000,
        15001,
        (inbound_port,),
        OutboundView(ports=(http(*inner, port=15001),)),
        removed_headers=(MARK,),
    )


async def test_a_gateway_routes_through_itself_to_the_service(envoys, apps):
    itself = Destination(
        "self",
        FixedSource("127.0.0.1", 15001),
        Protocol.HTTP,
        1,
        label="cds_ingress_shop_gateway_self_redirect_http_15001",
    )
    await envoys.configure(mesh(gateway(), destinations=(*BOTH, itself), groups=DIRECT), GATEWAY)
    get = envoys.namespace.get
    assert json.loads((await get("10.99.0.1", 9080, "/one/page")).body) == {
        "app": "one",
        "request": "GET /page HTTP/1.1",
    }
    assert apps[0].heads[-1]["host"] == "one.shop"
    assert json.loads((await get("10.99.0.1", 9080, "/page", host="a.example.com")).body)["app"] == "two"
    assert apps[1].heads[-1]["host"] == "a.example.com"
    assert (await get("10.99.0.1", 9080, "/page", **{MARK: "two.shop"})).status == 404
    assert not any(MARK in head for app in apps for head in app.heads)
    assert await envoys.count(GATEWAY, f"cluster.{itself.label}.upstream_rq_200") == 2


async def test_a_dual_stack_listener_accepts_both_address_families(envoys, apps):
    proxies = [
        replace(caller(http(host("shop", rule("one")))), egress_address="::"),
        replace(node(ONE), everywhere="::"),
    ]
    await envoys.configure(mesh(*proxies, destinations=BOTH), ONE, CALLER)
    for address in (ANYWHERE, ANYWHERE_6):
        assert (await envoys.namespace.get(address, 80, host="shop")).status == 200
    assert await envoys.count(CALLER, "listener.[__]_15001.downstream_cx_total") == 2
    assert (await envoys.namespace.get("10.99.0.1", 8081)).status == 200
    assert PLACES["one"].port == 8081
