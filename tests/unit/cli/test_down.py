"""``moyai down`` where nothing runs."""

from __future__ import annotations

import json
import sys

import pytest

from moyai.cli.main import main


def test_a_directory_without_an_installation_is_named_and_left_alone(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    command = ["moyai", "down", "--forget", "--state", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit, match="0"):
        main()
    assert f"There is no installation in {tmp_path}" in capsys.readouterr().out.replace("\n", "")
    monkeypatch.setattr(sys, "argv", [*command, "--json"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert json.loads(capsys.readouterr().out) == {"state": str(tmp_path), "found": False, "forgotten": False}
    assert folder.is_dir()
