"""Which files of the kernel are covered."""

from __future__ import annotations

from moyai.runtime.linux.shim.root_filesystem import throttle_directories


def test_the_throttling_of_every_processor_is_covered(tmp_path):
    for name in ("cpu0", "cpu11", "cpufreq", "cpuidle", "cpu"):
        (tmp_path / name).mkdir()
    (tmp_path / "possible").write_text("0-11\n")
    found = throttle_directories(str(tmp_path))
    assert sorted(found) == [f"{tmp_path}/{name}/thermal_throttle" for name in ("cpu0", "cpu11")]


def test_a_kernel_that_shows_no_processors_has_nothing_to_cover(tmp_path):
    assert throttle_directories(str(tmp_path / "none")) == []
