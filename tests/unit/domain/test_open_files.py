"""What an Envoy may have open follows from the files that it may open."""

from __future__ import annotations

import pytest

from moyai.domain.sandbox.open_files import MOST, equal_part, open_limits


@pytest.mark.parametrize("files", [1024, 20_000, 65_536, 131_072, 262_144, 1_048_576])
def test_everything_that_clients_open_leaves_a_sixteenth_of_the_files(files):
    limits = open_limits(files)
    assert 2 * limits.connections + limits.sessions + limits.pooled <= files - files // 16


def test_from_some_number_of_files_on_the_limits_stay():
    assert open_limits(262_144) == open_limits(1_048_576) == MOST
    assert open_limits(65_536).connections == 20_480


@pytest.mark.parametrize(("ways", "part"), [(0, 16), (1, 16), (2, 8), (3, 4), (4, 4), (5, 2), (100, 1)])
def test_equal_parts_are_made_for_the_next_power_of_two(ways, part):
    assert equal_part(16, ways) == part
