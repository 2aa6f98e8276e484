"""A pattern of a model may take so much processor time, and no other thread's time counts."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import cast

import regex

from moyai.api.wire.validate import compiled_pattern, matches_in_time

DOMAIN_NAME = compiled_pattern(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")
CATASTROPHE = compiled_pattern(r"(a|a)*b")


class Interrupted:
    """A pattern whose first attempts time out without using the processor, as beside threads that do."""

    attempts = 0

    def fullmatch(self, value: str, timeout: float) -> regex.Match[str] | None:
        self.attempts += 1
        if self.attempts < 3:
            raise TimeoutError
        return DOMAIN_NAME.fullmatch(value)


def test_a_time_out_that_other_threads_caused_is_repeated():
    pattern = Interrupted()
    assert matches_in_time(cast("regex.Pattern[str]", pattern), "front.howto.local")
    assert pattern.attempts == 3


def test_valid_values_match_beside_a_thread_that_computes():
    is_over = threading.Event()

    def compute() -> None:
        while not is_over.is_set():
            hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 100_000)

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        assert all(matches_in_time(DOMAIN_NAME, "front.howto.local") for _ in range(5_000))
    finally:
        is_over.set()
        thread.join()


def test_a_value_that_takes_long_does_not_match():
    started = time.thread_time()
    assert not matches_in_time(CATASTROPHE, "a" * 40)
    assert time.thread_time() - started < 5  # otherwise hours
