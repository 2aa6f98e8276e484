"""What is missing on a machine is said with what to do about it."""

from __future__ import annotations

from moyai.app import preflight


def test_a_machine_without_pasta_is_told_which_package_brings_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = [line for line in preflight.machine_warnings() if "pasta" in line]
    assert len(said) == 1
    assert "package passt" in said[0]
