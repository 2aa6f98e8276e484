"""``moyai doctor`` where no server answers."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

from typer.testing import CliRunner

from moyai.cli.main import command_line
from moyai.cli.remote import Remote

NOWHERE = ("--endpoint", "http://127.0.0.1:1")


def test_an_unreachable_server_is_a_problem_with_a_remedy():
    result = CliRunner().invoke(command_line(), ["doctor", *NOWHERE])
    assert result.exit_code == 1
    assert "problem: server: http://127.0.0.1:1" in result.stdout
    assert "moyai up" in result.stdout


def test_findings_are_printed_as_json():
    result = CliRunner().invoke(command_line(), ["doctor", "--json", *NOWHERE])
    (finding,) = [f for f in json.loads(result.stdout)["findings"] if f["kind"] == "server"]
    assert finding.keys() == {"severity", "kind", "subject", "message", "remedy"}


def test_an_arn_is_printed_unchanged(monkeypatch):
    arn = "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db"
    finding = {"severity": "problem", "kind": arn, "subject": arn, "message": arn, "remedy": arn}
    report = {"runtime": "sim", "version": version("moyai"), "findings": [finding]}
    monkeypatch.setattr(Remote, "read", lambda *_: report)
    result = CliRunner().invoke(command_line(), ["doctor"])
    assert result.stdout.count(arn) == 4


def test_the_proxies_of_new_tasks_are_shown(monkeypatch):
    choice = "each new task has its own (--proxy sidecar)"
    examined = {"proxies": 3, "shared proxy": 0}
    report = {"runtime": "sim", "version": version("moyai"), "proxy": choice, "examined": examined, "findings": []}
    monkeypatch.setattr(Remote, "read", lambda *_: report)
    result = CliRunner().invoke(command_line(), ["doctor"])
    assert f"ok      shared proxy   {choice}; 0 tasks share one" in result.stdout.splitlines()


def test_moto_of_another_version_is_a_note(monkeypatch):
    own = version("moyai")
    report = {"runtime": "sim", "version": own, "delegate_version": "0.0.1", "findings": []}
    monkeypatch.setattr(Remote, "read", lambda *_: report)
    result = CliRunner().invoke(command_line(), ["doctor", "--json"])
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["severity"], finding["kind"], finding["subject"]) == ("note", "version", "moto")
    assert finding["message"] == f"moto was started by 0.0.1 of moyai, and the server is version {own}."


def test_services_say_that_moto_was_started_by_another_version(monkeypatch):
    owner = {"service": "s3", "answered_by": "moto (moyai[aws])", "durable": False, "lost": "buckets"}
    for other_version, is_said in (("0.0.1", True), (None, False)):
        services = {"services": [owner | {"other_version": other_version}]}
        monkeypatch.setattr(Remote, "read", lambda *_, services=services: services)
        result = CliRunner().invoke(command_line(), ["services"])
        assert ("moto was started by 0.0.1 of moyai" in result.stdout) is is_said


class KeyedServer(BaseHTTPRequestHandler):
    """A server with keys: its health needs none, everything else is refused."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/_moyai/health" else 404)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Quiet."""


def test_a_server_with_keys_is_reachable():
    with HTTPServer(("127.0.0.1", 0), KeyedServer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        result = CliRunner().invoke(command_line(), ["doctor", "--endpoint", f"http://127.0.0.1:{server.server_port}"])
        server.shutdown()
        thread.join()
    assert result.exit_code == 1
    assert "requires access keys" in result.stdout
