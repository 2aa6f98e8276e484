"""The line that is printed for an error that the user can fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.cli.errors import Unreachable, error_message


def test_a_file_that_cannot_be_read_is_named_without_an_error_number():
    with pytest.raises(FileNotFoundError) as missing:
        Path("/no/such").read_bytes()
    assert error_message(missing.value) == "/no/such: No such file or directory"


def test_the_name_of_a_file_makes_no_second_line():
    with pytest.raises(FileNotFoundError) as missing:
        Path("/no/such\nmoyai: forged").read_bytes()
    assert error_message(missing.value) == "/no/such\\nmoyai: forged: No such file or directory"


def test_other_errors_have_their_own_words():
    assert error_message(Unreachable("no server")) == "no server"
    assert error_message(OSError("a text")) == "a text"
    assert error_message(ZeroDivisionError()) is None
