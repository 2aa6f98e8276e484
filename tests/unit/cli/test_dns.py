"""``moyai dns``: the port is the server's own."""

from __future__ import annotations

import json
import socket

import pytest
import typer

from moyai.cli import dns
from moyai.cli.remote import Remote


@pytest.fixture
def server(monkeypatch):
    """A server with one zone; its health is the returned mapping."""
    health: dict[str, int | None] = {}
    monkeypatch.setattr(Remote, "health", lambda _self: health)
    monkeypatch.setattr(Remote, "client", lambda _self, _service: None)
    monkeypatch.setattr(dns, "pages", lambda *_arguments: [{"Name": "shop.test."}])
    return health


def test_a_server_without_the_port_is_reported(server, capsys):
    server["dns_port"] = None
    with pytest.raises(typer.Exit):
        dns.dns()
    assert "start moyai with another --dns-port" in capsys.readouterr().err.lower()
    dns.dns(as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "address": "127.0.0.1",
        "port": None,
        "answers": False,
        "domains": ["shop.test"],
    }


def test_the_page_names_the_port_and_says_when_nothing_answers_there(server, monkeypatch, capsys):
    monkeypatch.setattr(dns, "_TIMEOUT", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server["dns_port"] = port = silent.getsockname()[1]
        dns.dns()
    page = capsys.readouterr().out
    assert f"127.0.0.1 port {port} (UDP and TCP), NOT ANSWERING" in page
    assert f"server=/shop.test/127.0.0.1#{port}" in page
