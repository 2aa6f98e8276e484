"""Messages of Docker and Podman, in moyai's words. The engines here are shell scripts that answer as real ones do."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.cli.box.engine import BoxError, Engine, explain, find_engine, is_rootless


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, True),
        ({"SecurityOptions": ["name=seccomp,profile=builtin"]}, False),
        ({"SecurityOptions": None}, False),
        ({"host": {"security": {"rootless": True}}}, True),
        ({"host": {"security": {"rootless": False}}}, False),
    ],
)
def test_engines_without_root_are_recognized(info, expected):
    assert is_rootless(info) is expected


def test_a_port_in_use_is_explained():
    docker = (
        "docker: Error response from daemon: driver failed programming external connectivity on endpoint moyai:"
        " Bind for 127.0.0.1:4566 failed: port is already allocated.\nSee 'docker run --help'."
    )
    assert explain("Docker", docker).startswith("a port is in use: Error response from daemon")
    podman = "Error: cannot listen on the TCP port: listen tcp4 127.0.0.1:4566: bind: address already in use"
    assert explain("Podman", podman).endswith("choose others with --port, --task-ports and --http-port")


def test_other_refusals_are_repeated():
    assert explain("Docker", "Error response from daemon: no space left on device\n") == (
        "Docker: Error response from daemon: no space left on device"
    )
    refused = explain("Docker", "Error response from daemon: privileged mode is incompatible with user namespaces\n")
    assert refused.startswith("Docker does not run the container with its privileges")
    assert explain("Docker", "") == "Docker: no reason given"


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """The only directory in PATH with engines."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    folder: Path = tmp_path
    return folder


def test_without_an_engine_the_error_names_both(path, monkeypatch):
    monkeypatch.setenv("PATH", str(path))
    with pytest.raises(BoxError, match="no command `docker`; there is no command `podman`"):
        find_engine(None)


def test_the_first_engine_that_can_run_moyai_is_taken(path):
    program(path, "docker", 'echo "Cannot connect to the Docker daemon. Is it running?" >&2; exit 1')
    program(path, "podman", """echo '{"host": {"security": {"rootless": false}}}'""")
    assert find_engine(None).program == "podman"
    with pytest.raises(BoxError, match="Docker does not answer: Cannot connect to the Docker daemon"):
        find_engine("docker")


def test_an_engine_without_root_is_refused_by_name(path):
    program(path, "podman", """echo '{"host": {"security": {"rootless": true}}}'""")
    with pytest.raises(BoxError, match="Podman runs without root here"):
        find_engine("podman")


def test_a_container_that_an_engine_does_not_have_is_none_or_an_error(path):
    program(path, "docker", 'echo "Error: No such container: x" >&2; exit 1')
    assert Engine("docker").inspect("container", "x") is None
    with pytest.raises(BoxError, match="Docker has no container x: start it with `moyai box up`"):
        Engine("docker").container("x")


def test_the_socket_is_the_engines_own(path, monkeypatch):
    program(path, "docker", "echo unix:///run/other.sock")
    assert Engine("docker").socket() == "/run/other.sock"
    monkeypatch.setattr("sys.platform", "darwin")
    assert Engine("docker").socket() == "/var/run/docker.sock"
    program(path, "docker", "echo tcp://10.0.0.1:2375")
    assert Engine("docker").socket() is None
    program(path, "podman", "echo unix:///nowhere/podman.sock")
    assert Engine("podman").socket() == "/nowhere/podman.sock"
    monkeypatch.setattr("sys.platform", "linux")
    assert Engine("podman").socket() is None
    program(path, "podman", f"echo {path}/podman")
    assert Engine("podman").socket() == f"{path}/podman"
