from __future__ import annotations

import os
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import ClassVar

import pytest

from moyai.cli.credentials import load_credentials


class MetadataService(BaseRequestHandler):
    """Counts the connections to the metadata of an EC2 instance, and closes them."""

    connections: ClassVar[list[object]] = []

    def handle(self):
        self.connections.append(self.client_address)


@pytest.fixture
def connections(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    MetadataService.connections.clear()
    with ThreadingTCPServer(("127.0.0.1", 0), MetadataService) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        yield MetadataService.connections
        server.shutdown()


def test_a_region_in_a_file_leads_to_no_question_to_an_ec2_instance(connections, tmp_path):
    (tmp_path / ".aws/config").write_text("[default]\nregion = eu-west-1\n")
    assert load_credentials() is None
    assert connections == []


def test_credentials_of_a_file_are_loaded(connections, tmp_path):
    (tmp_path / ".aws/credentials").write_text("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n")
    assert load_credentials().access_key == "AKIDFILE"


def test_credentials_of_the_environment_are_loaded_first(connections, tmp_path, monkeypatch):
    (tmp_path / ".aws/credentials").write_text("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert load_credentials().access_key == "AKIDENVIRONMENT"


def test_there_may_be_no_credentials(connections):
    assert load_credentials() is None
    assert connections == []
