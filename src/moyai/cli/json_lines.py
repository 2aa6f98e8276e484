"""Reads the JSON objects of an answer, a line each, as they arrive.

When an answer ends in the middle, ``http.client`` raises an error for reads of bytes, but not for reads of lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from moyai.cli.errors import Unreachable

if TYPE_CHECKING:  # imported when the first request is sent
    from http.client import HTTPResponse

_BYTES: Final = 65_536
"""Bytes that are read at a time."""


def json_lines(response: HTTPResponse, url: str) -> Iterator[Mapping[str, Any]]:
    """The lines of an answer of the server at ``url``. Raises Unreachable when it ends in the middle, or stops."""
    from http.client import HTTPException

    partial_line = b""
    try:
        while received := response.read1(_BYTES):
            *lines, partial_line = (partial_line + received).split(b"\n")
            for line in lines:
                yield json.loads(line)
    except TimeoutError as error:
        message = f"the server at {url} has stopped in the middle of its answer; see `moyai status`, and try again"
        raise Unreachable(message) from error
    except (OSError, ValueError, HTTPException) as error:
        raise _ended_early(url) from error
    if partial_line:
        raise _ended_early(url)


def _ended_early(url: str) -> Unreachable:
    return Unreachable(f"the server at {url} has ended its answer too early; start it again with `moyai up`")
