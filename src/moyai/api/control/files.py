"""Environment files, which stand in for files in S3: upload, list without contents, and delete.

``PUT /_moyai/files?name=s3://BUCKET/KEY.env`` with the file as body, ``GET /_moyai/files``,
``DELETE /_moyai/files?name=…``. No response has a file's contents.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

import msgspec

from moyai.api.control.handlers import JSON, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.s3.env_file import LARGEST, MOST_FILES, EnvFile, env_file_arn, url_of
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.clock import Clock
from moyai.kernel.ids import S3ObjectArn
from moyai.kernel.secret import Secret
from moyai.ports.store import Store


class EnvFilesHandler:
    """Stores, lists and deletes environment files."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with JSON; 400, 404, 405 or 409 with the reason."""
        if request.method == "GET":
            files = sorted(self._store.world.env_files, key=lambda f: f.arn)
            return _as_json([_file_view(file) for file in files])
        if request.method not in {"PUT", "DELETE"}:
            return message_response(405, "Use GET, PUT or DELETE.")
        arn = env_file_arn(parse_qs(request.query).get("name", [""])[-1])
        if arn is None:
            return message_response(400, "Name a file s3://BUCKET/KEY.env.")
        return await (self._put(arn, request.body) if request.method == "PUT" else self._remove(arn))

    async def _put(self, arn: S3ObjectArn, body: bytes) -> HttpResponse:
        files = self._store.world.env_files
        if len(body) > LARGEST:
            return message_response(400, f"A file has at most {LARGEST} bytes.")
        if files.get(arn) is None and len(files) >= MOST_FILES:
            return message_response(409, f"There are {MOST_FILES} files already.")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return message_response(400, "The file is not text in UTF-8.")
        if "\0" in text:
            return message_response(400, "The file has a NUL, which no environment variable can have.")
        file = EnvFile(arn, Secret(text), len(body), self._clock.now())
        return await self._apply(Put(file), file)

    async def _remove(self, arn: S3ObjectArn) -> HttpResponse:
        file = self._store.world.env_files.get(arn)
        if file is None:
            return message_response(404, f"There is no file {url_of(arn)}.")
        return await self._apply(Delete(EnvFile, arn), file)

    async def _apply(self, change: Change, file: EnvFile) -> HttpResponse:
        self._store.apply([change])
        await self._store.durable()
        return _as_json(_file_view(file))


def _file_view(file: EnvFile) -> Mapping[str, object]:
    return {"Name": url_of(file.arn), "Arn": file.arn, "Size": file.size, "LastModified": file.modified_at}


def _as_json(body: object) -> HttpResponse:
    return HttpResponse(200, JSON, msgspec.json.encode(body))
