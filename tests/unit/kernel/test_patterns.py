"""A pattern matches in time, although other threads use the processor."""

from __future__ import annotations

from typing import cast

import pytest
import regex

from moyai.kernel.patterns import matches_whole


class Interrupted:
    """A pattern whose first attempts time out without using the processor, as beside threads that do."""

    def __init__(self, interruptions: int) -> None:
        self.interruptions, self.attempts = interruptions, 0

    def fullmatch(self, text: str, timeout: float) -> regex.Match[str] | None:
        self.attempts += 1
        if self.attempts <= self.interruptions:
            raise TimeoutError
        return regex.fullmatch("a+", text, timeout=timeout)


def test_a_time_out_that_other_threads_caused_is_repeated():
    pattern = Interrupted(2)
    assert matches_whole(cast("regex.Pattern[str]", pattern), "aaa", 1)
    assert pattern.attempts == 3


def test_a_pattern_that_always_times_out_is_given_up():
    pattern = Interrupted(9)
    with pytest.raises(TimeoutError):
        matches_whole(cast("regex.Pattern[str]", pattern), "aaa", 1)
    assert pattern.attempts == 3


@pytest.mark.parametrize(("text", "matches"), [("aaa", True), ("aaab", False), ("", False)])
def test_the_whole_text_has_to_match(text, matches):
    assert matches_whole("a+", text, 1) is matches


def test_an_invalid_pattern_is_an_error():
    with pytest.raises(regex.error):
        matches_whole("(", "a", 1)
