"""Decisions before moyai starts in a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.app.box import file_system_of, read_only_cgroups
from moyai.runtime.linux.mounts import parse

PRIVILEGED = """\
600 500 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
601 600 0:60 / /proc rw,nosuid - proc proc rw
602 600 0:61 / /sys/fs/cgroup rw,nosuid,nodev,noexec - cgroup2 cgroup rw,nsdelegate
603 600 8:1 /volumes/moyai /var/lib/moyai rw,relatime - ext4 /dev/sda1 rw
"""
UNPRIVILEGED = """\
600 500 0:50 / / rw,relatime - overlay overlay rw
602 600 0:61 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw
603 602 0:62 / /sys/fs/cgroup/memory ro,nosuid,nodev,noexec - cgroup cgroup rw,memory
604 602 0:63 / /sys/fs/cgroup/pids ro,nosuid,nodev,noexec - cgroup cgroup rw,pids
605 602 0:64 / /sys/fs/cgroup/cpu rw,nosuid - cgroup cgroup rw,cpu
606 600 0:65 / /sys/firmware ro - tmpfs tmpfs ro
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/lib/moyai", "ext4"),
        ("/var/lib/moyai/images", "ext4"),
        ("/var/lib/moyai2", "overlay"),
        ("/var/lib", "overlay"),
        ("/sys/fs/cgroup/moyai", "cgroup2"),
    ],
)
def test_a_path_is_on_the_nearest_mount_above_it(path, expected):
    assert file_system_of(Path(path), parse(PRIVILEGED)) == expected


def test_of_two_mounts_at_one_place_the_later_one_counts():
    mounts = [*parse(PRIVILEGED), *parse("700 603 0:9 / /var/lib/moyai rw - tmpfs tmpfs rw\n")]
    assert file_system_of(Path("/var/lib/moyai"), mounts) == "tmpfs"


def test_only_cgroup_mounts_that_are_read_only_are_made_writable():
    assert read_only_cgroups(parse(PRIVILEGED)) == ()
    assert read_only_cgroups(parse(UNPRIVILEGED)) == ("/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids")
