"""How a name falls into the words that a search finds it by.

Promise: a word is a run of small letters, with the capitals before it, or of digits: ``CustomCount1`` is Custom,
Count, 1, and ``SDBFailure`` is SDB, Failure. What is neither letter nor digit parts words and is none. A term of one
word is found whatever its capitals; one of several words (``Count1``) only as it is written, though what parts them
may differ (``network/errors`` finds ``Network-Errors``).
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_PART: Final = re.compile(r"[^\W_]+")
_WORD: Final = re.compile(r"\d+|[^\W\d_]+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KEPT: Final = 50_000


class Word(NamedTuple):
    """One word. ``exact``: it stands with others between the same two signs, so that its capitals count."""

    text: str
    exact: bool


@lru_cache(_KEPT)
def words_of(name: str) -> tuple[Word, ...]:
    """The words of a name, or of a search term."""
    found: list[Word] = []
    for part in _PART.findall(name):
        words = [word for run in _WORD.findall(part) for word in _CAMEL.split(run)]
        found += [Word(word, len(words) > 1) for word in words]
    return tuple(found)


def is_found(term: str, name: str) -> bool:
    """Whether the term's words stand in the name, in one row."""
    wanted, there = words_of(term), words_of(name)
    if not wanted:
        return False
    if _joined(wanted) == _joined(there):
        return True
    places = range(len(there) - len(wanted) + 1)
    return any(all(map(_alike, wanted, there[place:])) for place in places)


def _joined(words: tuple[Word, ...]) -> str:
    return "".join(word.text for word in words).lower()


def _alike(wanted: Word, there: Word) -> bool:
    return wanted.text == there.text if wanted.exact else wanted.text.lower() == there.text.lower()
