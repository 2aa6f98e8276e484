"""How ``moyai exec`` reports the end of a session."""

from __future__ import annotations

import threading

from websockets.sync.server import ServerConnection, serve

from moyai.cli.exec.client import Session, SessionEnd, run_session
from moyai.cli.exec.command import CapturedOutput


def receive(connection: ServerConnection) -> None:
    """Wait for the token, and end the connection."""
    connection.recv()


def test_a_lost_connection_has_no_exit_code(capsys):
    with serve(receive, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        end = run_session(Session(f"ws://127.0.0.1:{server.socket.getsockname()[1]}/", "token"), terminal=False)
        server.shutdown()
        thread.join()
    assert end == SessionEnd(None, "the connection was lost")
    assert capsys.readouterr().err == "moyai: the connection was lost\n"


def test_json_tells_a_lost_connection_from_exit_code_255():
    output = CapturedOutput()
    output.write(1, b"out")
    rest = {"stdout": "out", "stderr": "", "truncated": False}
    assert output.report(SessionEnd(255, "")) == {"exitCode": 255, "error": None, **rest}
    lost = output.report(SessionEnd(None, "the connection was lost"))
    assert lost == {"exitCode": None, "error": "the connection was lost", **rest}
