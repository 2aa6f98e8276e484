"""Regular expressions that come from outside, matched within a time."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import regex

_ATTEMPTS: Final = 3


def matches_whole(pattern: str | regex.Pattern[str], text: str, seconds: float) -> bool:
    """Whether the pattern matches the whole text. Raises TimeoutError when each of three attempts takes longer than
    ``seconds`` of processor time, and regex.error for an invalid pattern.

    ``regex`` counts the processor time of all threads, of which one may be generating a key while this one waits.
    Therefore a time-out is repeated: a match that needs microseconds will not be interrupted again.
    """
    compiled = regex.compile(pattern) if isinstance(pattern, str) else pattern
    for _ in range(_ATTEMPTS - 1):
        with suppress(TimeoutError):
            return compiled.fullmatch(text, timeout=seconds) is not None
    return compiled.fullmatch(text, timeout=seconds) is not None
