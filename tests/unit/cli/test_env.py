"""The state directory among the variables of ``moyai env``."""

from __future__ import annotations

import json
import sys

import pytest

from moyai.cli.main import main


def output(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["moyai", "env", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_default_state_directory_needs_no_variable(capsys, monkeypatch):
    monkeypatch.delenv("MOYAI_STATE", raising=False)
    assert "MOYAI_STATE" not in output(capsys, monkeypatch)


def test_another_state_directory_is_exported_with_its_absolute_path(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("MOYAI_STATE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert f"export MOYAI_STATE={tmp_path}/shop\n" in output(capsys, monkeypatch, "--state", "shop")
    assert f"set -gx MOYAI_STATE {tmp_path}/shop\n" in output(capsys, monkeypatch, "--state", "shop", "--shell", "fish")
    assert json.loads(output(capsys, monkeypatch, "--state", "shop", "--json"))["MOYAI_STATE"] == f"{tmp_path}/shop"


def test_the_variable_of_this_shell_is_passed_on(capsys, monkeypatch):
    monkeypatch.setenv("MOYAI_STATE", "/srv/shop")
    assert "export MOYAI_STATE=/srv/shop\n" in output(capsys, monkeypatch)
