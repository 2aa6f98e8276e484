from __future__ import annotations

import subprocess
import sys

import pytest

from moyai.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["image", "import", "Not/A:Name", "."], "NAME or NAME:TAG", id="a name that is none"),
        pytest.param(["keys", "revoke", "AKIANOBODY"], "AKIANOBODY", id="a key that is not there"),
        pytest.param(["status", "--endpoint", "http://127.0.0.1:1"], "moyai up", id="no moyai there"),
    ],
)
def test_what_the_user_can_mend_is_said_in_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MOYAI_STATE", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["moyai", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.parametrize("name", ["", "*", "a*.example.com", "example.com:443", "https://example.com", "-a.example"])
def test_what_app_mesh_is_to_let_through_is_a_server_name(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["moyai", "up", "--app-mesh-pass", name])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "is no server name" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["moyai.cli.main", "moyai.app.images"])
def test_a_command_does_not_wait_for_what_it_has_no_use_for(module):
    heavy = {"moyai.domain.world", "moyai.api.door", "grpc", "google.protobuf", "pyroute2", "botocore.session"}
    show = f"import sys, {module}; print({heavy} & sys.modules.keys() or 'none')"
    assert subprocess.check_output([sys.executable, "-c", show], text=True) == "none\n"
