"""Serves the build of ``web/``.

Promise: only files of the folder are served. They are looked up by their whole name in a list, so no path leads out of
the folder; the list is read again when there is a new build. Names below ``assets/`` contain their content's hash and
may be cached for a year; the page itself is revalidated each time. A path that is no file (``/clusters/shop``) gets the
page, which routes by its address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

import msgspec

from moyai.console.messages import SECURITY, ConsoleResponse, Request, error_response

FOLDER: Final = Path(__file__).with_name("build")
"""The folder that the build writes to."""
_PAGE: Final = "index.html"
_PACKED: Final = ".gz"
_ASSETS: Final = "assets/"
_CACHED: Final = "public, max-age=31536000, immutable"
_REVALIDATED: Final = "no-cache"
_REFUSED: Final = re.compile(r"\s*q=0(\.0*)?\s*")
"""The weight of a coding that a client does not accept."""
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".woff2": "font/woff2",
    }
)


class _File(msgspec.Struct, frozen=True):
    plain: Path
    packed: Path | None
    headers: Mapping[str, str]


class Files:
    """The files of the present build."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._build = 0
        self._files: Mapping[str, _File] = {}

    def answer(self, request: Request, name: str) -> ConsoleResponse:
        """The file with this name (below ``/console/``, percent-encoded), or the page."""
        if request.method not in {"GET", "HEAD"}:
            return error_response(405, "MethodNotAllowedException", "Use GET or HEAD.")
        self._refresh()
        name = unquote(name)
        file = self._files.get(name)
        if file is None and not name.startswith(_ASSETS):
            file = self._files.get(_PAGE)
        if file is None:
            return error_response(404, "NotFoundException", _missing(built=_PAGE in self._files))
        if file.packed is not None and _takes_gzip(request):
            return ConsoleResponse(200, {**file.headers, "content-encoding": "gzip"}, file.packed.read_bytes())
        return ConsoleResponse(200, file.headers, file.plain.read_bytes())

    def _refresh(self) -> None:
        """Read the list of files again when there is a new build."""
        try:
            build = (self._folder / _PAGE).stat().st_mtime_ns
        except OSError:
            build = 0
        if build != self._build:
            self._build, self._files = build, _read(self._folder)


def _read(folder: Path) -> Mapping[str, _File]:
    paths = [path for path in folder.rglob("*") if path.suffix in _TYPES and path.is_file()]
    return {path.relative_to(folder).as_posix(): _file(path, folder) for path in paths}


def _file(path: Path, folder: Path) -> _File:
    packed_file = path.with_name(path.name + _PACKED)
    caching = _CACHED if path.relative_to(folder).as_posix().startswith(_ASSETS) else _REVALIDATED
    headers = {"content-type": _TYPES[path.suffix], "cache-control": caching, "vary": "accept-encoding", **SECURITY}
    return _File(path, packed_file if packed_file.is_file() else None, headers)


def _takes_gzip(request: Request) -> bool:
    codings = (part.partition(";") for part in request.headers.get("accept-encoding", "").split(","))
    return any(coding.strip() == "gzip" and not _REFUSED.fullmatch(weight) for coding, _, weight in codings)


def _missing(*, built: bool) -> str:
    return "There is no such file." if built else "The console is not built: run `make setup` where moyai's source is."
