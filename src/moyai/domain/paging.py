"""Pages of lists.

Promise: a page continues after the last key of the previous one, so that a change in between neither repeats nor skips
other items. A token is valid for one list (call and filters) only, and contains nothing that the caller has not seen.
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
"""The greatest length of a token, enough for a metric with thirty dimensions of the greatest length."""
_DIGEST = 16

Fault = Callable[[str], Exception]
"""The error for a token that is malformed or belongs to another list, by its message."""


class Page(NamedTuple):
    """Keys in order, and the token of the next page (None at the end)."""

    keys: list[str]
    next_token: str | None


class _Token(msgspec.Struct, array_like=True):
    listing: str
    last: str


_READER = msgspec.json.Decoder(_Token)


def page(  # noqa: PLR0913  (three of them have defaults or names)
    keys: Iterable[str],
    listing: object,
    token: str | None,
    size: int,
    rank: Callable[[str], Any] = lambda key: key,
    *,
    fault: Fault,
    descending: bool = False,
) -> Page:
    """The ``size`` keys after the token, ordered by ``rank``. ``listing``: the call and all its filters.

    Raises ``fault``.
    """
    digest = _digest(listing)
    sorted_keys = sorted(keys, key=rank)
    if token is not None:
        last = rank(_last_key(token, digest, fault))
        if descending:
            sorted_keys = sorted_keys[: bisect_left(sorted_keys, last, key=rank)]
        else:
            sorted_keys = sorted_keys[bisect_right(sorted_keys, last, key=rank) :]
    if descending:
        sorted_keys.reverse()
    page_keys = sorted_keys[:size]
    return Page(page_keys, _encode(digest, page_keys[-1]) if len(sorted_keys) > size else None)


def walk(after: Callable[[str], Iterable[str]], listing: object, token: str | None, size: int, *, fault: Fault) -> Page:
    """A page of keys in their own order. ``after`` yields the keys after a given one; of these only the page's and one
    more are read. Raises ``fault``.
    """
    digest = _digest(listing)
    following = list(islice(after("" if token is None else _last_key(token, digest, fault)), size + 1))
    page_keys = following[:size]
    return Page(page_keys, _encode(digest, page_keys[-1]) if len(following) > size else None)


def write_token(listing: object, last: str) -> str:
    """A token for the page after ``last`` in this list."""
    return _encode(_digest(listing), last)


def read_token(token: str, listing: object, fault: Fault) -> str:
    """The key that the token's page follows. Raises ``fault``."""
    return _last_key(token, _digest(listing), fault)


def _digest(listing: object) -> str:
    return sha256(msgspec.json.encode(listing)).hexdigest()[:_DIGEST]


def _encode(listing: str, last: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Token(listing, last))).decode()


def _last_key(token: str, listing: str, fault: Fault) -> str:
    try:
        decoded = _READER.decode(base64.b64decode(token[:_LONGEST_TOKEN], b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise fault("The token is not valid.") from error
    if decoded.listing != listing:
        raise fault("The token is of another call. Use it with the call and the filters that it came from.")
    return decoded.last
