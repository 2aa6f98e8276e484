"""The collector over HTTP, at a socket with prepared answers."""

from __future__ import annotations

import asyncio

import pytest

from moyai.app.adapters.otlp_collector import HttpCollector
from moyai.app.config import MetricSettings
from moyai.telemetry.collector import ExportFault


class Receiver:
    """Answers every POST with a status, and keeps what came."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.heads: list[str] = []
        self.bodies: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(line.partition(":")[2]) for line in head.splitlines() if line.startswith("content-length"))
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()


@pytest.fixture
async def running_receiver():
    receiver = Receiver(200)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    yield receiver, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.mark.parametrize("path", ["", "/", "/v1/metrics"])
async def test_export_posts_protobuf_to_the_otlp_path(running_receiver, path):
    receiver, url = running_receiver
    collector = HttpCollector(url + path, {"api-key": "sesame"})
    await collector.export(b"\x0a\x00")
    await collector.close()
    [head], [body] = receiver.heads, receiver.bodies
    assert head.startswith("post /v1/metrics http/1.1")
    assert "content-type: application/x-protobuf" in head
    assert "api-key: sesame" in head
    assert body == b"\x0a\x00"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://collector:4318", True),
        ("https://[::1]/otlp", True),
        ("collector:4318", False),
        ("http://", False),
        ("http://collector:99999", False),
        ("http://collector:0", False),
        ("http://collector:http", False),
        ("http://[::1", False),
    ],
)
def test_the_endpoint_must_be_an_http_url(url, good):
    assert MetricSettings(otlp_endpoint=url).otlp_is_url is good


@pytest.mark.parametrize(("status", "for_good"), [(503, False), (429, False), (400, True), (404, True), (302, True)])
async def test_a_response_status_is_permanent_or_retryable(running_receiver, status, for_good):
    receiver, url = running_receiver
    receiver.status = status
    collector = HttpCollector(url)
    with pytest.raises(ExportFault, match=str(status)) as exc_info:
        await collector.export(b"")
    assert exc_info.value.is_permanent is for_good
    await collector.close()


async def test_an_unreachable_collector_is_retryable(running_receiver):
    collector = HttpCollector("http://127.0.0.1:1")
    with pytest.raises(ExportFault, match="ConnectError") as exc_info:
        await collector.export(b"")
    assert not exc_info.value.is_permanent
    await collector.close()
