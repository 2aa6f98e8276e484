"""The check of the machine says what is missing and what to do about it."""

from __future__ import annotations

from moyai.app import preflight


def test_a_missing_pasta_is_reported_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = [line for line in preflight.machine_warnings() if "pasta" in line]
    assert len(lines) == 1
    assert "package passt" in lines[0]
