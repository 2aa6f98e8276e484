"""The bounding set of capabilities, with a kernel that is played."""

from __future__ import annotations

import errno

import pytest

from moyai.runtime.linux.shim import capabilities, syscalls

LAST = 40


def kernel(dropped: list[int], refusal: int | None = None):
    """``prctl`` of a kernel that knows the capabilities up to LAST."""

    def prctl(_option: int, capability: int) -> None:
        if refusal is not None or capability > LAST:
            raise OSError(refusal or errno.EINVAL, "prctl")
        dropped.append(capability)

    return prctl


def test_all_others_are_dropped_as_far_as_the_kernel_knows_them(monkeypatch):
    dropped: list[int] = []
    monkeypatch.setattr(syscalls, "prctl", kernel(dropped))
    capabilities.limit_bounding_set((0, 7))
    assert dropped == [number for number in range(LAST + 1) if number not in {0, 7}]


def test_a_refusal_stops_the_container(monkeypatch):
    monkeypatch.setattr(syscalls, "prctl", kernel([], errno.EPERM))
    with pytest.raises(PermissionError):
        capabilities.limit_bounding_set(())
