"""The host's disks that a container of its image gets."""

from __future__ import annotations

from pathlib import Path

from moyai.runtime.linux.mounts import Mount, disk_mounts, parse


def mountinfo(*mounts: tuple[str, str, str]) -> list[Mount]:
    text = "\n".join(
        f"{n} 1 {device} {directory} {point} rw,relatime shared:1 - ext4 /dev/disk rw"
        for n, (device, directory, point) in enumerate(mounts)
    )
    return list(parse(text))


def test_a_file_system_of_its_own_is_a_disk(tmp_path):
    root = ("8:1", "/", "/")
    assert disk_mounts(mountinfo(root, ("8:2", "/", "/usr")), tmp_path) == ("/usr",)
    assert disk_mounts(mountinfo(root, ("8:2", "/part", "/usr")), tmp_path) == ("/usr",)


def test_a_directory_mounted_on_itself_is_no_disk(tmp_path):
    """As the namespaces of another installation are, which may be gone by the time a container starts."""
    assert disk_mounts(mountinfo(("8:1", "/", "/"), ("8:1", "/usr/lib", "/usr/lib")), tmp_path) == ()
    elsewhere = (("8:1", "/", "/"), ("8:2", "/", "/usr"), ("8:2", "/lib", "/usr/lib"))
    assert disk_mounts(mountinfo(*elsewhere), tmp_path) == ("/usr",)
    assert disk_mounts(mountinfo(("8:1", "/root", "/"), ("8:1", "/root/usr", "/usr")), tmp_path) == ()


def test_another_directory_mounted_over_one_is_a_disk(tmp_path):
    root = ("8:1", "/", "/")
    assert disk_mounts(mountinfo(root, ("8:1", "/srv", "/usr")), tmp_path) == ("/usr",)
    twice = mountinfo(root, ("8:2", "/", "/usr"), ("8:1", "/usr/lib", "/usr/lib"))
    assert disk_mounts(twice, tmp_path) == ("/usr", "/usr/lib")


def test_hidden_and_excluded_mounts_are_left_out(tmp_path):
    assert disk_mounts(mountinfo(("8:1", "/", "/"), ("8:2", "/", "/usr/lib")), Path("/usr")) == ()
    assert disk_mounts(mountinfo(("8:1", "/", "/"), ("8:2", "/", "/etc")), tmp_path) == ()
