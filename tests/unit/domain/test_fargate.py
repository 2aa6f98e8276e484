"""How sizes are read."""

from __future__ import annotations

import pytest

from moyai.domain.ecs.fargate import FARGATE_SIZES, cpu_units, memory_mib


@pytest.mark.parametrize(
    ("text", "units"),
    [("1024", 1024), ("1 vCPU", 1024), ("1vcpu", 1024), (".5 VCPU", 512), ("0.25 vCPU", 256), (" 256 ", 256)],
)
def test_cpu_is_units_or_vcpu(text, units):
    assert cpu_units(text) == units


@pytest.mark.parametrize(("text", "mib"), [("2048", 2048), ("2 GB", 2048), ("0.5GB", 512), ("30gb", 30720)])
def test_memory_is_mib_or_gb(text, mib):
    assert memory_mib(text) == mib


@pytest.mark.parametrize("text", ["", "x", "1.5", "-1", "1 GiB", "1e3", "٣", "1" * 40, ". vcpu", "1 2"])
def test_other_text_is_not_a_size(text):
    assert cpu_units(text) is None
    assert memory_mib(text) is None


def test_sizes_are_the_documented_ones():
    assert {cpu: (min(mib), max(mib), len(mib)) for cpu, mib in FARGATE_SIZES.items()} == {
        256: (512, 2048, 3),
        512: (1024, 4096, 4),
        1024: (2048, 8192, 7),
        2048: (4096, 16384, 13),
        4096: (8192, 30720, 23),
        8192: (16384, 61440, 12),
        16384: (32768, 122880, 12),
        32768: (61440, 249856, 3),
    }
