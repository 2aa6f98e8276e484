"""The id maps of mounts through access points."""

from __future__ import annotations

import pytest

from moyai.runtime.linux.shim.access_point import SECOND_IDENTITY, id_map


def lines(*args):
    return [tuple(map(int, line.split())) for line in id_map(*args).decode().splitlines()]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((7000, 1000, 1000), [(1000, 8000, 1)]),
        ((7000, 1000, 0), [(1000, 7000, 1), (SECOND_IDENTITY + 1000, 8000, 1)]),
        ((0, 1000, 0), [(1000, 0, 1), (SECOND_IDENTITY + 1000, 1000, 1)]),
        ((7000, 0, 33), [(0, 7033, 1), (SECOND_IDENTITY, 7000, 1)]),
        ((7000, 4_000_000_000, 33), [(4_000_000_000, 7033, 1)]),
        ((7000, 5, 5, (5, 6)), [(5, 7005, 1), (6, 7006, 1)]),
        ((7000, 5, 0, (6,)), [(5, 7000, 1), (6, 7006, 1), (SECOND_IDENTITY + 5, 7005, 1)]),
    ],
    ids=["the same", "root", "no user namespace", "root's files", "no id inside", "own group again", "more groups"],
)
def test_the_lines_of_a_map(args, expected):
    assert lines(*args) == expected


def test_no_id_is_mapped_twice():
    with pytest.raises(OSError, match="the SecondaryGid 9 of an access point is also the container's own group"):
        id_map(7000, 5, 9, (9,))
