"""Requests in flight, from the statistics of Service Connect's and App Mesh's proxies."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers.envoy_admin import (
    ServingProxy,
    active_requests,
    connect_to_socket,
    count_active,
    listener_failures,
    serving_proxy,
    statistics,
)


@pytest.mark.parametrize(
    ("counts", "under_way"),
    [
        ({}, 0),
        ({"http.ingress.8080.downstream_rq_active": 3, "cluster.ingress.8080.upstream_rq_active": 2}, 3),
        ({"http.ingress.8080.downstream_rq_active": 3, "cluster.ingress.9000.upstream_rq_active": 2}, 5),
        (
            {
                "http.ingress.downstream_rq_active": 3,
                "cluster.cds_ingress_m_n_http_8080.upstream_rq_active": 2,
            },
            3,
        ),
        ({"cluster.cds_ingress_m_n_tcp_3306.upstream_rq_active": 4}, 4),
        (
            {
                "http.ingress.http.8080.downstream_rq_active": 1,
                "http.ingress.grpc.9080.downstream_rq_active": 1,
                "cluster.cds_ingress_m_g_self_redirect_8080_http_15001.upstream_rq_active": 1,
                "cluster.cds_ingress_m_g_self_redirect_9080_grpc_15001.upstream_rq_active": 0,
            },
            2,
        ),
    ],
)
def test_a_request_counts_once_although_envoy_counts_it_on_both_sides(counts, under_way):
    assert count_active("".join(f"{name}: {count}\n" for name, count in counts.items())) == under_way


@asynccontextmanager
async def answering(run: Path, answer: bytes) -> AsyncIterator[Callable[[], Awaitable[int | None]]]:
    """Ask a program that answers at a proxy's admin socket, and need not be an Envoy."""

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(answer_one, run / "admin.sock"):
        yield partial(active_requests, partial(connect_to_socket, run))


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
COUNT = b"http.ingress.8080.downstream_rq_active: 3\n"


async def test_the_active_requests_of_an_answer_are_counted(tmp_path):
    async with answering(tmp_path, CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(COUNT), COUNT)) as ask:
        assert await ask() == 3


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"\r\nunder way: 1\n",
        HEAD + b"\r\nhttp.ingress: 1\n",
        HEAD + b"\r\nhttp.ingress.8080.downstream_rq_active: many\n",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n",
    ],
)
async def test_a_malformed_answer_counts_as_none(tmp_path, answer):
    async with answering(tmp_path, answer) as ask:
        assert await ask() is None


DUMP = b"""{"configs": [
    {"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener", "name": "open"},
    {"name": "taken", "error_state": {"details": "cannot bind '127.0.0.1:80': Address already in use"}},
    {"error_state": {"details": "cannot bind '127.0.0.1:80': Address already in use"}}]}"""


async def test_listeners_that_envoy_could_not_open_have_their_reasons(tmp_path):
    async with answering(tmp_path, HEAD + b"\r\n" + DUMP):
        failures = await listener_failures(partial(connect_to_socket, tmp_path))
    assert failures == {"taken": "cannot bind '127.0.0.1:80': Address already in use"}


@pytest.mark.parametrize("body", [b"{}", b'{"configs": 1}', b"\xff", b'{"configs": [{"error_state": []}]}'])
async def test_a_malformed_list_of_listeners_has_no_failures(tmp_path, body):
    async with answering(tmp_path, HEAD + b"\r\n" + body):
        assert not await listener_failures(partial(connect_to_socket, tmp_path))


async def test_chunks_of_any_size_are_joined(tmp_path):
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in COUNT)
    async with answering(tmp_path, CHUNKED + chunks + b"0\r\n\r\n") as ask:
        assert await ask() == 3


async def test_chunks_of_negative_length_take_no_memory(tmp_path):
    async with answering(tmp_path, CHUNKED + b"-2\r\n" * 8192) as ask:
        tracemalloc.start()
        try:
            assert await ask() is None
            assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
        finally:
            tracemalloc.stop()


async def test_a_task_that_shares_its_proxy_has_its_own_statistics_only(tmp_path):
    body = b"http.one.ingress.80.x: 1\nhttp.two.ingress.80.x: 2\nserver.live: 1\n"
    async with answering(tmp_path, HEAD + b"\r\n" + body):
        connect = partial(connect_to_socket, tmp_path)
        assert await statistics(connect, ".", "one") == {"http.one.ingress.80.x": "1"}
        assert len(await statistics(connect, ".") or ()) == 3


def test_only_a_task_that_shares_the_hosts_proxy_is_served_by_it(tmp_path):
    paths, task = RuntimePaths(tmp_path), TaskId("1" * 32)
    assert serving_proxy(paths, task, shares_proxy=False) == ServingProxy(paths.proxy(task))
    assert serving_proxy(paths, task, shares_proxy=True) == ServingProxy(paths.proxy(HOST_SANDBOX), task)
