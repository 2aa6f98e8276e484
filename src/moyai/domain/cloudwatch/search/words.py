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
_TERMS: Final = 1_000
_MARK: Final = " "
"""Between two words; in none of them."""


class Word(NamedTuple):
    """One word. ``exact``: it stands with others between the same two signs, so that its capitals count."""

    text: str
    exact: bool


class _Row(NamedTuple):
    """Words in one row, each between two marks: as they are, in small letters, and those without the marks."""

    words: str
    small: str
    joined: str


class _Wanted(NamedTuple):
    """What is looked for. ``as_written``: where words of it are exact."""

    row: _Row
    as_written: re.Pattern[str] | None


def words_of(name: str) -> tuple[Word, ...]:
    """The words of a name, or of a search term."""
    found: list[Word] = []
    for part in _PART.findall(name):
        words = [word for run in _WORD.findall(part) for word in _CAMEL.split(run)]
        found += [Word(word, len(words) > 1) for word in words]
    return tuple(found)


@lru_cache(_KEPT)
def is_found(term: str, name: str) -> bool:
    """Whether the term's words stand in the name, in one row."""
    wanted, there = _wanted(term), _row(name)
    if not wanted.row.joined:
        return False
    if wanted.row.joined == there.joined:
        return True
    # A text is found in another in the time of reading both, however much of it comes again and again in there.
    if wanted.row.small not in there.small:
        return False
    return wanted.as_written is None or wanted.as_written.search(there.words) is not None


@lru_cache(_KEPT)
def _row(name: str) -> _Row:
    return _in_row(words_of(name))


@lru_cache(_TERMS)
def _wanted(term: str) -> _Wanted:
    words = words_of(term)
    if not any(word.exact for word in words):
        return _Wanted(_in_row(words), None)
    written = (re.escape(word.text) if word.exact else f"(?i:{re.escape(word.text)})" for word in words)
    return _Wanted(_in_row(words), re.compile(_MARK + _MARK.join(written) + _MARK))


def _in_row(words: tuple[Word, ...]) -> _Row:
    row = _MARK + "".join(f"{word.text}{_MARK}" for word in words)
    return _Row(row, row.lower(), row.lower().replace(_MARK, ""))
