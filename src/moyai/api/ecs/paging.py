"""Lists, a page at a time.

Promise: a page goes on behind the last item of the one before, in an order that no change in between
can upset. A token says which call and which filters it was made for, and is refused by any other; it
is opaque to callers and holds nothing that they did not see.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from moyai.domain.ecs.errors import InvalidParameter

MAX_RESULTS = 100
_LONGEST_TOKEN = 4096
_DIGEST = 16


class Page(NamedTuple):
    """Some of the keys, and the token for the rest (None when there is none)."""

    keys: list[str]
    next_token: str | None


class Ask(NamedTuple):
    """What a caller asks: in which list (its name and all filters), from where, and how much."""

    listing: tuple[str | None, ...]
    next_token: str | None
    max_results: int | None
    default: int = MAX_RESULTS


class _Token(msgspec.Struct, array_like=True):
    listing: str
    last: str


def page(
    keys: Iterable[str], ask: Ask, rank: Callable[[str], Any] = lambda key: key, *, descending: bool = False
) -> Page:
    """The page of ``keys`` ordered by ``rank`` that was asked for. Raises InvalidParameter."""
    size = ask.default if ask.max_results is None else ask.max_results
    if not 1 <= size <= MAX_RESULTS:
        raise InvalidParameter(f"maxResults must be between 1 and {MAX_RESULTS}.")
    digest = sha256(msgspec.json.encode(ask.listing)).hexdigest()[:_DIGEST]
    ordered = sorted(keys, key=rank)
    if ask.next_token is not None:
        last = rank(_last(ask.next_token, digest))
        if descending:
            ordered = ordered[: bisect_left(ordered, last, key=rank)]
        else:
            ordered = ordered[bisect_right(ordered, last, key=rank) :]
    if descending:
        ordered.reverse()
    shown = ordered[:size]
    return Page(shown, _token(digest, shown[-1]) if len(ordered) > size else None)


def _token(listing: str, last: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Token(listing, last))).decode()


def _last(token: str, listing: str) -> str:
    try:
        read = msgspec.json.decode(base64.b64decode(token[:_LONGEST_TOKEN], b"-_", validate=True), type=_Token)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidParameter("The nextToken is not valid.") from error
    if read.listing != listing:
        raise InvalidParameter("The nextToken is of another call. Use it with the call and filters it came from.")
    return read.last
