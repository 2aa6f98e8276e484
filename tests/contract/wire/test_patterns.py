"""A pattern of a model may take so much processor time, and no other thread's time counts."""

from __future__ import annotations

import hashlib
import threading
import time

from moyai.api.wire.validate import compiled_pattern, matches_in_time

DOMAIN_NAME = compiled_pattern(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")
CATASTROPHE = compiled_pattern(r"(a|a)*b")


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
