"""Pages of ECS's lists: ``domain.paging`` with ECS's limits and errors.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.paging import Page, page, walk
from moyai.kernel.clock import Instant

MAX_RESULTS = 100


class PageQuery(NamedTuple):
    """A page of a list: the list (its name and all filters), the token of the page, and the number of results."""

    listing: tuple[str | None, ...]
    next_token: str | None
    max_results: int | None
    default: int = MAX_RESULTS


class CreatedAt(msgspec.Struct, frozen=True):
    """A filter of a list by the time of creation; either end may be open."""

    before: Instant | None = None
    after: Instant | None = None

    def includes(self, instant: Instant) -> bool:
        """Whether the range has this time; its ends are not in it."""
        return (self.before is None or instant < self.before) and (self.after is None or instant > self.after)


def paginate(
    keys: Iterable[str], query: PageQuery, rank: Callable[[str], Any] = lambda key: key, *, descending: bool = False
) -> Page:
    """The requested page of ``keys`` in the order of ``rank``. Raises InvalidParameter."""
    size = _size(query)
    return page(keys, query.listing, query.next_token, size, rank, fault=_invalid_token, descending=descending)


def paginate_after(after: Callable[[str], Iterable[str]], query: PageQuery) -> Page:
    """The requested page of a list in the order of its keys; ``after`` yields the keys that follow a key.
    Raises InvalidParameter.
    """
    size = _size(query)
    return walk(after, query.listing, query.next_token, size, fault=_invalid_token)


def _size(query: PageQuery) -> int:
    size = query.default if query.max_results is None else query.max_results
    if not 1 <= size <= MAX_RESULTS:
        raise InvalidParameter(f"maxResults must be between 1 and {MAX_RESULTS}.")
    return size


def _invalid_token(message: str) -> InvalidParameter:
    return InvalidParameter(message.replace("token", "nextToken"))
