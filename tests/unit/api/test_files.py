"""``/_moyai/files``: what may be put, and that nothing of it comes back."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
import pytest

from moyai.api.control.files import EnvFilesHandler
from moyai.api.wire.http import HttpRequest
from moyai.domain.s3.env_file import LARGEST
from moyai.kernel.ids import S3ObjectArn
from moyai.kernel.secret import Secret
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock

NAME = "s3://shop/a&b=ü.env"
ARN = S3ObjectArn("arn:aws:s3:::shop/a&b=ü.env")


class FilesEndpoint:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self._files = EnvFilesHandler(self.store, ManualClock())

    async def ask(self, method, name=None, body=b""):
        query = "" if name is None else urlencode({"name": name})
        answer = await self._files(HttpRequest(method, "/_moyai/files", query, {}, body))
        return answer.status, msgspec.json.decode(answer.body)


async def test_a_file_is_stored_listed_without_content_and_removed():
    endpoint = FilesEndpoint()
    assert (await endpoint.ask("PUT", NAME, b"A=older"))[0] == 200
    status, answer = await endpoint.ask("PUT", NAME, b"A=s3cret")
    assert (status, answer["Name"], answer["Arn"], answer["Size"]) == (200, NAME, ARN, 8)
    stored = endpoint.store.world.env_files.get(ARN)
    assert stored is not None
    assert stored.body == Secret("A=s3cret")
    assert await endpoint.ask("GET") == (200, [answer])
    assert await endpoint.ask("DELETE", NAME) == (200, answer)
    assert await endpoint.ask("GET") == (200, [])
    assert (await endpoint.ask("DELETE", NAME))[0] == 404


@pytest.mark.parametrize(
    ("method", "name", "body", "status"),
    [
        ("PUT", None, b"A=1", 400),
        ("PUT", "s3://shop/a.txt", b"A=1", 400),
        ("PUT", NAME, b"A=" + b"x" * (LARGEST - 1), 400),
        ("PUT", NAME, b"A=\xff", 400),
        ("PUT", NAME, b"A=\0", 400),
        ("POST", NAME, b"A=1", 405),
    ],
)
async def test_invalid_files_are_refused(method, name, body, status):
    endpoint = FilesEndpoint()
    assert (await endpoint.ask(method, name, body))[0] == status
    assert not len(endpoint.store.world.env_files)
