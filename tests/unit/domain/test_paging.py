"""Pages go on where the last one ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.paging import page


class InvalidToken(Exception):
    """The error of a service for an invalid token."""


@given(st.sets(st.text(max_size=5), max_size=20), st.integers(1, 7))
def test_the_pages_together_are_the_list(keys, size):
    read, token = [], None
    while True:
        shown = page(keys, "list", token, size, fault=InvalidToken)
        read += shown.keys
        token = shown.next_token
        if token is None:
            break
    assert read == sorted(keys)


def test_changes_between_pages_repeat_and_skip_nothing():
    first = page(["a", "b", "c", "d"], "list", None, 2, fault=InvalidToken)
    assert page(["aa", "c", "d", "e"], "list", first.next_token, 9, fault=InvalidToken).keys == ["c", "d", "e"]


@pytest.mark.parametrize("token", ["", "x", "W10=", "é", "WyJhIl0="])
def test_a_foreign_token_is_refused(token):
    with pytest.raises(InvalidToken):
        page(["a"], "list", token, 1, fault=InvalidToken)


def test_a_token_of_another_list_is_refused():
    token = page(["a", "b"], "list", None, 1, fault=InvalidToken).next_token
    with pytest.raises(InvalidToken, match="another call"):
        page(["a", "b"], "other", token, 1, fault=InvalidToken)
