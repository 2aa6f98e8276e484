"""Splits names into the words that a search finds them by, and compares them.

Promise: a word is a run of small letters with the capitals before it, or a run of digits: ``CustomCount1`` is Custom,
Count, 1, and ``SDBFailure`` is SDB, Failure. Other characters separate words and are none. A term of one word matches
in any case; a term of several words (``Count1``) only in the case in which it is written, though the separators may
differ (``network/errors`` matches ``Network-Errors``).
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_PART: Final = re.compile(r"[^\W_]+")
_WORD: Final = re.compile(r"\d+|[^\W\d_]+")
_CAMEL_CASE: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CACHED_NAMES: Final = 50_000
_CACHED_TERMS: Final = 1_000
_SEPARATOR: Final = " "
"""Stands between two words; no word contains it."""


class Word(NamedTuple):
    """One word. ``exact``: no separator divides it from the next, so its case counts."""

    text: str
    exact: bool


class _WordSequence(NamedTuple):
    """Words with separators around them: as written, in lower case, and in lower case without the separators."""

    text: str
    lower: str
    without_separators: str


class _TermPattern(NamedTuple):
    """A search term. ``exact``: the pattern that also compares case; None where case does not count."""

    words: _WordSequence
    exact: re.Pattern[str] | None


def split_words(name: str) -> tuple[Word, ...]:
    """The words of a name, or of a search term."""
    split: list[Word] = []
    for part in _PART.findall(name):
        words = [word for run in _WORD.findall(part) for word in _CAMEL_CASE.split(run)]
        split += [Word(word, len(words) > 1) for word in words]
    return tuple(split)


@lru_cache(_CACHED_NAMES)
def contains_words(term: str, name: str) -> bool:
    """Whether the term's words occur in the name, one after the other."""
    pattern, words = _term_pattern(term), _word_sequence(name)
    if not pattern.words.without_separators:
        return False
    if pattern.words.without_separators == words.without_separators:
        return True
    # A substring is found in time that grows with the lengths of both texts, however repetitive they are.
    if pattern.words.lower not in words.lower:
        return False
    return pattern.exact is None or pattern.exact.search(words.text) is not None


@lru_cache(_CACHED_NAMES)
def _word_sequence(name: str) -> _WordSequence:
    return _sequence(split_words(name))


@lru_cache(_CACHED_TERMS)
def _term_pattern(term: str) -> _TermPattern:
    words = split_words(term)
    if not any(word.exact for word in words):
        return _TermPattern(_sequence(words), None)
    patterns = (re.escape(word.text) if word.exact else f"(?i:{re.escape(word.text)})" for word in words)
    exact = re.compile(_SEPARATOR + _SEPARATOR.join(patterns) + _SEPARATOR)
    return _TermPattern(_sequence(words), exact)


def _sequence(words: tuple[Word, ...]) -> _WordSequence:
    written = _SEPARATOR + "".join(f"{word.text}{_SEPARATOR}" for word in words)
    return _WordSequence(written, written.lower(), written.lower().replace(_SEPARATOR, ""))
