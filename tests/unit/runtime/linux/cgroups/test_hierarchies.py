"""The hierarchies of a machine and their mount points, from the text of /proc files."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.runtime.linux.cgroups.hierarchies import hierarchy_names, mount_point_of
from moyai.runtime.linux.mounts import parse

HYBRID = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /srv/cpu rw,relatime - cgroup cgroup rw,cpuacct,cpu
33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpuacct,cpu
34 31 0:32 /docker/1 /sys/fs/cgroup/memory rw,relatime master:3 - cgroup cgroup rw,memory
35 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
36 31 0:38 / /mnt/a\\040place rw,relatime - cgroup2 cgroup2 rw,nsdelegate
37 31 0:39 / /srv/other/run/cgroups/pids rw,relatime - cgroup moyai rw,pids
"""


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct"),
        ("memory", "/sys/fs/cgroup/memory"),
        ("name=systemd", "/sys/fs/cgroup/systemd"),
        ("", "/mnt/a place"),
        ("pids", None),
        ("freezer", None),
        ("cpuset", None),
        ("name=system", None),
    ],
)
def test_a_hierarchy_is_mounted_in_the_usual_place_or_by_this_installation(name, root):
    assert mount_point_of(name, parse(HYBRID), Path("/mnt")) == (None if root is None else Path(root))


def test_without_an_installation_every_mount_of_a_hierarchy_counts():
    assert mount_point_of("pids", parse(HYBRID)) == Path("/srv/other/run/cgroups/pids")


def test_version_2_always_exists():
    assert hierarchy_names("2:cpu,cpuacct:/\n1:name=systemd:/a:b\n0::/user.slice\n") == (
        "cpu,cpuacct",
        "name=systemd",
        "",
    )
    assert hierarchy_names("1:memory:/\n") == ("memory", "")
    assert hierarchy_names("0::/\n") == ("",)
