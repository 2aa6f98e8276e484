"""The preparations of the process before it serves."""

from __future__ import annotations

import resource

import pytest

from moyai.app.main import raise_open_file_limit

FILES = resource.RLIMIT_NOFILE


@pytest.fixture
def hard():
    before = resource.getrlimit(FILES)
    yield before[1]
    resource.setrlimit(FILES, before)


def test_a_low_limit_of_open_files_is_raised_and_a_higher_one_kept(hard):
    resource.setrlimit(FILES, (512, hard))
    raise_open_file_limit()
    assert resource.getrlimit(FILES) == (min(65536, hard), hard)
    raise_open_file_limit()
    assert resource.getrlimit(FILES) == (min(65536, hard), hard)
