"""The guestbook's API: entries in PostgreSQL, the list of them cached in Redis, files in /uploads.

An operation on the database is tried again while the database is away, as it is when its only task is replaced; an
entry has the id that its author gave it, so that a second try does not write it twice.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import psycopg
import redis

DATABASE, TITLE = os.environ["DATABASE"], os.environ.get("TITLE", "Guestbook")
UPLOADS = Path("/uploads")
PATIENCE = 50.0
"""Seconds for which an operation on the database is tried again: less than Service Connect waits for an answer."""
ENTRY = re.compile(r"/api/entries/([0-9a-f-]{36})")
UPLOAD = re.compile(r"/api/uploads/([A-Za-z0-9][A-Za-z0-9._-]{0,99})")
Result = TypeVar("Result")
MAX_BODY = 16 * 1024 * 1024

cache = redis.Redis.from_url(os.environ["REDIS"], socket_timeout=1, socket_connect_timeout=1, decode_responses=True)


def with_database(operation: Callable[[psycopg.Connection], Result]) -> Result:
    """What the operation returns, in a transaction of its own."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with psycopg.connect(DATABASE, connect_timeout=5) as connection:
                return operation(connection)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise
            print(f"the database is away, trying again: {str(error).strip()}", file=sys.stderr)
            time.sleep(0.2)


def cached(name: str, read: Callable[[], str]) -> str:
    """The value from the cache, or as it is read; without the cache, everything works and is slower."""
    try:
        value = cache.get(name)
        if value is not None:
            return str(value)
    except redis.RedisError:
        return read()
    value = read()
    with suppress(redis.RedisError):
        cache.set(name, value, ex=1)
    return value


def read_entries() -> str:
    """The newest hundred entries, as JSON."""
    query = "SELECT id::text, author, text FROM entries ORDER BY written DESC, id LIMIT 100"
    rows = with_database(lambda connection: connection.execute(query).fetchall())
    entries = [{"id": row[0], "author": row[1], "text": row[2]} for row in rows]
    return json.dumps({"title": TITLE, "entries": entries})


def write_entry(entry_id: str, author: str, text: str) -> None:
    """Write an entry, once."""
    statement = "INSERT INTO entries (id, author, text) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING"
    with_database(lambda connection: connection.execute(statement, (entry_id, author, text)))
    with suppress(redis.RedisError):
        cache.delete("entries")


class Handler(BaseHTTPRequestHandler):
    """GET and PUT of entries and uploads."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """``/health``, ``/api/entries``, ``/api/uploads/NAME``."""
        upload = UPLOAD.fullmatch(self.path)
        if self.path == "/health":
            self.answer(200, b"ok\n", "text/plain")
        elif self.path == "/api/entries":
            self.answer(200, cached("entries", read_entries).encode())
        elif upload and (UPLOADS / upload[1]).is_file():
            self.answer(200, (UPLOADS / upload[1]).read_bytes(), "application/octet-stream")
        else:
            self.answer(404, b'{"error": "not found"}')

    def do_PUT(self) -> None:
        """``/api/entries/UUID`` with author and text, ``/api/uploads/NAME`` with any content."""
        entry, upload = ENTRY.fullmatch(self.path), UPLOAD.fullmatch(self.path)
        size = int(self.headers.get("content-length", 0))
        if size > MAX_BODY:
            self.close_connection = True
            self.answer(413, b'{"error": "too large"}')
            return
        body = self.rfile.read(size)
        if entry:
            document = json.loads(body)
            write_entry(entry[1], str(document["author"]), str(document["text"]))
            self.answer(201, json.dumps({"id": entry[1]}).encode())
        elif upload:
            (UPLOADS / upload[1]).write_bytes(body)
            self.answer(201, json.dumps({"name": upload[1]}).encode())
        else:
            self.answer(404, b'{"error": "not found"}')

    def answer(self, status: int, body: bytes, media_type: str = "application/json") -> None:
        """Send a response."""
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
