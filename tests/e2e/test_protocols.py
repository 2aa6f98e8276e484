"""Each protocol, with a client and a server of its own, through the proxies of both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

BIG = 50 * 1024 * 1024
HTTP = {"host": "http1", "port": 80}
RPC = {"target": "rpc:50051"}
TCP = {"host": "tcp", "port": 5432}


@pytest.fixture(scope="module")
def cluster(server: Installation) -> Cluster:
    new_cluster = Cluster(server, "protocols", "protocols")
    definition = new_cluster.define(
        "protocols",
        app("http1", 8080, "http"),
        app("h2c", 8082, "http2"),
        app("rpc", 50051, "grpc"),
        app("tcp", 7000),
    )
    brief = {"timeout": {"idleTimeoutSeconds": 5}}
    offers = (offer("http1", "http1"), offer("h2c", "h2c"), offer("rpc", "rpc", 50051), offer("tcp", "tcp", 5432))
    new_cluster.serve("peers", definition, *offers)
    hasty = new_cluster.define("hasty", app("tcp", 7000), app("rpc", 50051, "grpc"))
    short = {"timeout": {"perRequestTimeoutSeconds": 1}}
    pair = (
        offer("tcp", "hasty", 5432, discoveryName="hasty-tcp", **brief),
        offer("rpc", "hasty", 50051, discoveryName="hasty-rpc", **short),
    )
    new_cluster.serve("hasty", hasty, *pair)
    new_cluster.steady("peers", "hasty")
    return new_cluster


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("protocols-caller")


def json_of(answer: Any) -> Any:
    """The JSON in an answer that must be a success."""
    assert answer["status"] == 200, answer
    return json.loads(answer["text"])


def raw(probe: Probe, text: str) -> str:
    """The response to these bytes."""
    (found,) = probe.ask("raw", **HTTP, texts=[text])["texts"]
    return str(found)


# ------------------------------------------------------------------------------------------------- HTTP/1.1


def test_http1_requests_follow_each_other_on_one_connection(probe):
    assert probe.ask("keep_alive", **HTTP, paths=["/head"] * 5) == {"connections": 1, "statuses": [200] * 5}


def test_a_websocket_carries_frames_both_ways(probe):
    answer = probe.ask("websocket", **HTTP, texts=["one", "two", "three"])
    assert answer["status"] == "HTTP/1.1 101 Switching Protocols"
    assert answer["heard"][0].startswith("hello from ")
    assert answer["heard"][1:] == ["one", "two", "three"]
    assert answer["end"] is None


def test_a_chunked_request_is_answered_while_it_is_still_being_sent(probe):
    answer = probe.ask("conversation", **HTTP, pieces=["one", "two", "three"])
    assert (answer["status"], answer["back"]) == (200, ["one", "two", "three"])


def test_http1_trailers_are_left_out_and_the_message_is_whole(probe):
    # RFC 9110 § 6.5.1 lets an intermediary do so, and Envoy does unless it is told otherwise.
    assert probe.ask("conversation", **HTTP, pieces=["one"])["trailers"] == []
    answer = probe.ask("http", url="http://http1/chunks/3")
    assert answer["text"] == "chunk 0\nchunk 1\nchunk 2\n"


def test_the_first_event_arrives_before_the_last_is_made(probe):
    assert probe.ask("events", **HTTP) == {"status": 200, "events": ["data: first", "data: last"]}


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_fifty_mebibytes_go_up_unchanged(probe, chunked):
    answer = probe.ask("upload", url="http://http1/digest", size=BIG, chunked=chunked)
    assert json_of(answer) == {"bytes": BIG, "sha256": answer["sha256"]}


def test_fifty_mebibytes_come_down_unchanged(probe):
    up = probe.ask("upload", url="http://http1/digest", size=BIG, chunked=False)
    down = probe.ask("download", url=f"http://http1/bytes/{BIG}")
    assert down == {"status": 200, "bytes": BIG, "sha256": up["sha256"]}


def test_a_request_with_expect_100_continue_gets_100_continue(probe):
    head = (
        "POST /head HTTP/1.1\r\nhost: http1\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n"
    )
    raw_answer = raw(probe, f"{head}hello")
    assert raw_answer.startswith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert '"body": 5' in raw_answer
    assert "expect:" not in raw_answer


def test_head_is_answered_with_a_length_and_no_body(probe):
    head = "HEAD /bytes/1000 HTTP/1.1\r\nhost: http1\r\nconnection: close\r\n\r\n"
    found, _, body = raw(probe, head).partition("\r\n\r\n")
    assert found.startswith("HTTP/1.1 200 OK\r\n")
    assert "content-length: 1000" in found.lower()
    assert body == ""


def test_http_1_0_is_refused_with_426(probe):
    raw_answer = raw(probe, "GET / HTTP/1.0\r\nhost: http1\r\n\r\n")
    assert raw_answer.startswith("HTTP/1.1 426 Upgrade Required\r\n")


# --------------------------------------------------------------------------------------------------- HTTP/2


def test_http2_streams_of_one_connection_are_concurrent(probe):
    # The application answers none of them before all fifty are there.
    assert probe.ask("together", url="http://h2c", number=50) == {"statuses": [200] * 50}


def test_fifty_mebibytes_go_up_over_http2(probe):
    answer = probe.ask("upload", url="http://h2c/digest", size=BIG, chunked=True, http2=True)
    assert answer["text"] == f"{BIG} {answer['sha256']}"


# ----------------------------------------------------------------------------------------------------- gRPC


def test_grpc_streams_in_both_directions_at_once(probe):
    assert probe.ask("join", **RPC, texts=["a", "b", "c"]) == {"text": "a b c"}
    texts = [str(number) for number in range(20)]
    assert probe.ask("chat", **RPC, texts=texts) == {"texts": texts}


def test_grpc_status_message_and_trailers_arrive_unchanged(probe):
    answer = probe.ask("unary", **RPC, name="Fail", text="it isn't ready: ½")
    assert (answer["status"], answer["details"]) == ("FAILED_PRECONDITION", "it isn't ready: ½")
    assert answer["trailers"]["x-why"] == "'because'"
    assert answer["trailers"]["e2e-details-bin"] == repr(b"\x00\xff")


def test_a_grpc_deadline_reaches_the_application_and_holds_for_the_caller(probe):
    assert 0 < probe.ask("unary", **RPC, name="Remains", timeout=9)["value"] <= 9
    assert probe.ask("unary", **RPC, name="Remains", timeout=None)["value"] == -1
    assert probe.ask("unary", **RPC, name="Hang", timeout=0.5)["status"] == "DEADLINE_EXCEEDED"


def test_a_grpc_call_cancelled_by_its_caller_is_cancelled_in_the_application(probe):
    def given_up() -> int:
        return int(probe.ask("unary", **RPC, name="GivenUp")["value"])

    before = given_up()
    assert probe.ask("abandon", **RPC) == {"cancelled": True}
    eventually(lambda: given_up() > before, "the application hears of it")


def test_a_grpc_call_over_the_time_of_its_service_is_ended_by_the_proxy(probe):
    answer = probe.ask("unary", target="hasty:50051", name="Hang", timeout=30)
    assert (answer["status"], answer["details"]) == ("UNAVAILABLE", "upstream request timeout")


def test_a_grpc_call_answered_with_unavailable_is_retried(probe):
    answer = probe.ask("unary", **RPC, name="Refuse", text="once")
    assert (answer["status"], answer["value"]) == ("OK", 2)


# ------------------------------------------------------------------------------------------------------ TCP


def test_tcp_with_the_server_speaking_first_and_the_client_half_closing(probe):
    answer = probe.ask("half_closed_by_caller", **TCP, size=BIG)
    assert answer["greeting"].startswith("220 ")
    assert answer["answer"] == [str(BIG), answer["sha256"]]


def test_tcp_with_the_server_half_closing_still_receives(probe):
    assert probe.ask("half_closed_by_application", **TCP, words="and this") == {"farewell": "bye"}
    eventually(lambda: probe.ask("overheard", **TCP) == {"text": "and this"})


def test_fifty_mebibytes_come_over_tcp(probe):
    assert probe.ask("fill", **TCP, size=BIG) == {"bytes": BIG, "right": True}


def test_messages_framed_as_postgresql_frames_them(probe):
    answers = probe.ask("queries", **TCP, texts=["select one", "", "a b c"])["answers"]
    assert answers == [{"rows": text.split(), "ready": True} for text in ("select one", "", "a b c")]


def test_a_silent_connection_outlives_the_idle_times_of_http(probe):
    # Longer than anything that the proxies keep for HTTP between them and the application.
    answers = probe.ask("queries", **TCP, texts=["before", "after"], pause=6)["answers"]
    assert [answer["rows"] for answer in answers] == [["before"], ["after"]]


def test_a_connection_over_the_idle_time_of_its_service_is_closed(probe):
    assert probe.ask("read_until_closed", host="hasty", port=5432) == {"greeted": True, "rest": ""}
