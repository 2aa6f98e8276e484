"""Mount points may have any name: users who may mount choose them."""

from __future__ import annotations

import os

import pytest

from moyai.runtime.linux.mounts import Mount, parse


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("/srv/a\\040place", "/srv/a place"),
        ("/srv/tab\\011newline\\012backslash\\134", "/srv/tab\tnewline\nbackslash\\"),
        ("/srv/données", "/srv/données"),
        ("/srv/データ　二", "/srv/データ　二"),
        ("/srv/form\ffeed\rreturn\u2028line\x85next", "/srv/form\ffeed\rreturn\u2028line\x85next"),
        (os.fsdecode(b"/srv/\xff"), os.fsdecode(b"/srv/\xff")),
    ],
)
def test_a_mount_is_read_whatever_its_name_is(written, name):
    first = f"41 23 8:1 {written} {written} rw,relatime shared:1 - ext4 {written} rw,discard\n"
    second = "42 23 0:9 / /after rw - tmpfs tmpfs rw\n"
    assert list(parse(first + second)) == [
        Mount(name, "8:1", name, "ext4", ("rw", "discard")),
        Mount("/after", "0:9", "/", "tmpfs", ("rw",)),
    ]
