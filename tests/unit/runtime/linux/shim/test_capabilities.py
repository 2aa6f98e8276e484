"""The bounding set of capabilities, with a simulated kernel."""

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


def test_all_other_capabilities_that_the_kernel_knows_are_dropped(monkeypatch):
    dropped: list[int] = []
    monkeypatch.setattr(syscalls, "prctl", kernel(dropped))
    capabilities.limit_bounding_set((0, 7))
    assert dropped == [number for number in range(LAST + 1) if number not in {0, 7}]


def test_a_refusal_to_drop_a_capability_is_an_error(monkeypatch):
    monkeypatch.setattr(syscalls, "prctl", kernel([], errno.EPERM))
    with pytest.raises(PermissionError):
        capabilities.limit_bounding_set(())
