from __future__ import annotations

import sys
import threading
from importlib.metadata import version
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from moyai.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["image", "import", "Not/A:Name", "."], "invalid reference format", id="a name that is none"),
        pytest.param(["keys", "revoke", "AKIANOBODY"], "AKIANOBODY", id="a key that is not there"),
        pytest.param(["status", "--endpoint", "http://127.0.0.1:1"], "moyai up", id="no moyai there"),
    ],
)
def test_user_errors_are_printed_in_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MOYAI_STATE", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["moyai", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]


@pytest.mark.parametrize("command", [["mesh"], ["doctor"]], ids=" ".join)
@pytest.mark.parametrize(
    "url", ["127.0.0.1:4566", "garbage", "http://", "http://127.0.0.1:99999", "http://[::1", "ftp://127.0.0.1"]
)
def test_an_endpoint_that_is_not_a_url_is_refused(url, command, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["moyai", *command, "--endpoint", url])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    words = capsys.readouterr().err.replace("│", " ").split()
    assert f"{url!r} is not a URL such as" in " ".join(words)


class OtherServer(BaseRequestHandler):
    """Has one answer to everything."""

    answer = b""

    def handle(self):
        self.request.recv(65_536)
        self.request.sendall(self.answer)


@pytest.fixture
def other_server():
    with ThreadingTCPServer(("127.0.0.1", 0), OtherServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


PAGE = b"HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>\n</html>\n"


@pytest.mark.parametrize("command", [["status"], ["mesh"], ["doctor"], ["hook", "list"]], ids=" ".join)
@pytest.mark.parametrize(
    "answer",
    [PAGE % b"200 OK", PAGE % b"501 Unsupported method", b"SSH-2.0-OpenSSH_9.9\r\n"],
    ids=["a page", "an error", "another protocol"],
)
def test_another_server_is_recognized_without_a_traceback(answer, command, other_server, monkeypatch, capsys):
    monkeypatch.setattr(OtherServer, "answer", answer)
    monkeypatch.setattr(sys, "argv", ["moyai", *command, "--endpoint", other_server])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert said.err.startswith("moyai: ") or "problem: server" in said.out


@pytest.mark.parametrize("name", ["", "*", "a*.example.com", "example.com:443", "https://example.com", "-a.example"])
def test_app_mesh_pass_requires_a_server_name(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["moyai", "up", "--app-mesh-pass", name])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "is not a server name" in capsys.readouterr().err


def test_the_version_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["moyai", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"moyai {version('moyai')}\n"


def test_completion_is_printed_and_not_installed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["moyai", "--help"])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr().out
    assert "--show-completion" in shown
    assert "--install-completion" not in shown
