"""``moyai box`` with an engine that is a shell script."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moyai.cli.box.command import box_commands
from moyai.cli.box.engine import BoxError
from tests.engine_script import write_docker

ENDED = {
    "Name": "/moyai",
    "Config": {
        "Image": "moyai:1",
        "Env": ["PATH=/bin", "MOYAI_GATEWAY_PORTS=20000-20009", "MOYAI_GATEWAY_HTTP_PORT=80"],
    },
    "HostConfig": {"PortBindings": {"4566/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1"}]}, "Privileged": True},
    "State": {"Running": False},
    "Mounts": [{"Destination": "/var/lib/moyai", "Name": "moyai", "Source": "/volumes/moyai"}],
}


@pytest.fixture
def docker(tmp_path, monkeypatch) -> Path:
    """The directory with `docker`, which has no container and no image unless a file there has one."""
    write_docker(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    folder: Path = tmp_path
    return folder


def run(*words: str):
    return CliRunner().invoke(box_commands(), [words[0], "--engine=docker", *words[1:]])


def test_print_shows_the_engines_command_and_starts_nothing(docker):
    ran = run("up", "--print", "--image=moyai:1", "--port=14566", "--http-port=0", "--", "--instances=2")
    words = shlex.split(ran.stdout)
    assert words[:3] == ["docker", "run", "--detach"]
    assert words[-2:] == ["moyai:1", "--instances=2"]
    assert "--volume=/run/engine.sock:/var/run/docker.sock" in words
    assert "run --detach" not in (docker / "calls").read_text()
    assert "sock" not in run("up", "--print", "--no-engine-images").stdout


def test_a_missing_image_is_reported_before_anything_starts(docker):
    error = run("up", "--image=moyai:1").exception
    assert isinstance(error, BoxError)
    assert "Docker has no image moyai:1: build it with `make box`" in str(error)
    assert "run --detach" not in (docker / "calls").read_text()


def test_a_name_in_use_is_reported_before_anything_starts(docker):
    (docker / "container.json").write_text(json.dumps([ENDED]))
    error = run("up", "--image=moyai:1").exception
    assert "Docker has a container moyai already: `moyai box status` shows it" in str(error)


def test_the_status_of_a_container_that_has_ended_is_an_error(docker):
    (docker / "container.json").write_text(json.dumps([ENDED]))
    ran = run("status", "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout) == {
        "name": "moyai",
        "engine": "docker",
        "image": "moyai:1",
        "running": False,
        "url": "http://127.0.0.1:1",
        "task_ports": "20000-20009",
        "http_port": 80,
        "https_port": None,
        "volume": "moyai",
        "privileged": True,
        "health": None,
    }
    assert "The container moyai has ended; `docker logs moyai` shows why." in run("status").stdout


def test_down_keeps_the_volume_unless_it_is_asked_to_delete_it(docker):
    (docker / "container.json").write_text(json.dumps([ENDED]))
    assert "kept the volume moyai" in run("down").stdout
    assert "volume rm" not in (docker / "calls").read_text()
    assert json.loads(run("down", "--volumes", "--json").stdout)["volume_deleted"] is True
    assert (docker / "calls").read_text().splitlines()[-3:] == [
        "stop --time=60 moyai",
        "rm --force moyai",
        "volume rm moyai",
    ]


def test_without_a_container_down_says_so(docker):
    assert "Docker has no container moyai: start it with `moyai box up`" in str(run("down").exception)
