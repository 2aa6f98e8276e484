"""ECS's lists, a page at a time: its limits and its errors around ``domain.paging``.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from moyai.domain import paging
from moyai.domain.ecs.errors import InvalidParameter

MAX_RESULTS = 100


class Ask(NamedTuple):
    """What a caller asks: in which list (its name and all filters), from where, and how much."""

    listing: tuple[str | None, ...]
    next_token: str | None
    max_results: int | None
    default: int = MAX_RESULTS


def page(
    keys: Iterable[str], ask: Ask, rank: Callable[[str], Any] = lambda key: key, *, descending: bool = False
) -> paging.Page:
    """The page of ``keys`` ordered by ``rank`` that was asked for. Raises InvalidParameter."""
    size = _size(ask)
    with _refusing():
        return paging.page(keys, ask.listing, ask.next_token, size, rank, descending=descending)


def walk(after: Callable[[str], Iterable[str]], ask: Ask) -> paging.Page:
    """The same for keys in their own order; ``after`` yields those behind one. Raises InvalidParameter."""
    size = _size(ask)
    with _refusing():
        return paging.walk(after, ask.listing, ask.next_token, size)


def _size(ask: Ask) -> int:
    size = ask.default if ask.max_results is None else ask.max_results
    if not 1 <= size <= MAX_RESULTS:
        raise InvalidParameter(f"maxResults must be between 1 and {MAX_RESULTS}.")
    return size


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except paging.BadToken as error:
        raise InvalidParameter(str(error).replace("token", "nextToken")) from error
