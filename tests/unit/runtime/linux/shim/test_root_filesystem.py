"""The files of the kernel that are masked."""

from __future__ import annotations

from moyai.runtime.linux.shim.root_filesystem import throttle_directories


def test_the_thermal_counters_of_every_processor_are_masked(tmp_path):
    for name in ("cpu0", "cpu11", "cpufreq", "cpuidle", "cpu"):
        (tmp_path / name).mkdir()
    (tmp_path / "possible").write_text("0-11\n")
    directories = throttle_directories(str(tmp_path))
    assert sorted(directories) == [f"{tmp_path}/{name}/thermal_throttle" for name in ("cpu0", "cpu11")]


def test_a_machine_without_processors_in_sysfs_masks_nothing(tmp_path):
    assert throttle_directories(str(tmp_path / "none")) == []
