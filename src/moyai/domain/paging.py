"""Lists, a page at a time.

Promise: a page goes on behind the last key of the one before, so that no change in between repeats or skips what
was there all along. A token says which list (call and filters) it was made for and is of no use for
another; it holds nothing that its reader did not see.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

import msgspec

_LONGEST_TOKEN = 128 * 1024
"""Letters: a metric's name with thirty dimensions of the greatest length has room."""
_DIGEST = 16


class BadToken(ValueError):
    """The token is none of ours, or belongs to another list."""


class Page(NamedTuple):
    """Some of the keys in order, and the token for what follows (None at the end)."""

    keys: list[str]
    next_token: str | None


class _Token(msgspec.Struct, array_like=True):
    listing: str
    last: str


_READER = msgspec.json.Decoder(_Token)


def page(
    keys: Iterable[str],
    listing: object,
    token: str | None,
    size: int,
    rank: Callable[[str], Any] = lambda key: key,
    *,
    descending: bool = False,
) -> Page:
    """The ``size`` keys behind the token, ordered by ``rank``. ``listing``: the call and all its filters.

    Raises BadToken.
    """
    digest = _digest(listing)
    ordered = sorted(keys, key=rank)
    if token is not None:
        last = rank(_last(token, digest))
        if descending:
            ordered = ordered[: bisect_left(ordered, last, key=rank)]
        else:
            ordered = ordered[bisect_right(ordered, last, key=rank) :]
    if descending:
        ordered.reverse()
    shown = ordered[:size]
    return Page(shown, _written(digest, shown[-1]) if len(ordered) > size else None)


def walk(after: Callable[[str], Iterable[str]], listing: object, token: str | None, size: int) -> Page:
    """The same for keys in their own order, of which ``after`` yields those behind one: none but those of the page, and
    one more, are looked at.

    Raises BadToken.
    """
    digest = _digest(listing)
    found = list(islice(after("" if token is None else _last(token, digest)), size + 1))
    shown = found[:size]
    return Page(shown, _written(digest, shown[-1]) if len(found) > size else None)


def write_token(listing: object, last: str) -> str:
    """A token for what follows ``last`` in this list."""
    return _written(_digest(listing), last)


def read_token(token: str, listing: object) -> str:
    """What the token follows. Raises BadToken."""
    return _last(token, _digest(listing))


def _digest(listing: object) -> str:
    return sha256(msgspec.json.encode(listing)).hexdigest()[:_DIGEST]


def _written(listing: str, last: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Token(listing, last))).decode()


def _last(token: str, listing: str) -> str:
    try:
        read = _READER.decode(base64.b64decode(token[:_LONGEST_TOKEN], b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise BadToken("The token is not valid.") from error
    if read.listing != listing:
        raise BadToken("The token is of another call. Use it with the call and the filters that it came from.")
    return read.last
