"""The engine's command that starts moyai's container."""

from __future__ import annotations

import pytest
import typer

from moyai.cli.box.container_options import BoxOptions, command_line, run_arguments
from moyai.cli.options import port_range

BOX = BoxOptions("moyai", "moyai:1")


def test_ports_are_published_on_the_loopback_only():
    box = BOX._replace(port=14566, task_ports="20000-20009", http_port=8088, https_port=8449)
    arguments = run_arguments("docker", box)
    published = [word for word in arguments if word.startswith("--publish=")]
    assert published == [
        "--publish=127.0.0.1:14566:4566",
        "--publish=127.0.0.1:20000-20009:20000-20009",
        "--publish=127.0.0.1:8088:8088",
        "--publish=127.0.0.1:8449:8449",
        "--publish=127.0.0.1:20000-20009:20000-20009/udp",
    ]
    assert "--env=MOYAI_PUBLISHED_AT=127.0.0.1:14566" in arguments
    assert "--env=MOYAI_GATEWAY_HTTPS_PORT=8449" in arguments


def test_ports_that_are_not_wanted_are_left_out():
    arguments = run_arguments("docker", BOX._replace(task_ports="", http_port=0, https_port=0))
    assert [word for word in arguments if "GATEWAY" in word] == []
    assert [word for word in arguments if word.startswith("--publish=")] == ["--publish=127.0.0.1:4566:4566"]


def test_the_engines_socket_is_where_moyai_looks_for_it():
    for program, place in (("docker", "/var/run/docker.sock"), ("podman", "/run/podman/podman.sock")):
        assert f"--volume=/tmp/s:{place}" in run_arguments(program, BOX._replace(socket="/tmp/s"))  # noqa: S108
    assert [word for word in run_arguments("docker", BOX) if "sock" in word] == []


def test_without_privileges_the_container_gets_a_list_of_capabilities():
    privileged = run_arguments("docker", BOX)
    assert "--privileged" in privileged
    assert [word for word in privileged if word.startswith(("--cap-add", "--security-opt", "--device"))] == []
    for program, unmasked in (("docker", "systempaths=unconfined"), ("podman", "unmask=ALL")):
        arguments = run_arguments(program, BOX._replace(is_privileged=False))
        assert "--privileged" not in arguments
        assert {"--cap-add=SYS_ADMIN", "--cap-add=NET_ADMIN", f"--security-opt={unmasked}"} <= set(arguments)


def test_options_of_up_follow_the_image():
    assert run_arguments("docker", BOX._replace(options=("--instances", "3")))[-3:] == ["moyai:1", "--instances", "3"]


def test_the_command_is_quoted_for_a_shell():
    assert command_line("docker", ["run", "--name=a b"]) == "docker run '--name=a b'"


@pytest.mark.parametrize(("text", "ports"), [("", range(0)), ("80", range(80, 81)), ("1-3", range(1, 4))])
def test_port_ranges_are_read(text, ports):
    assert port_range(text, "--task-ports") == ports


@pytest.mark.parametrize("text", ["a", "3-1", "0-3", "1-", "65535-65536", "1-2-3", "-5", "1-5000", "٣"])
def test_other_texts_are_no_port_ranges(text):
    with pytest.raises(typer.BadParameter, match="is not FIRST-LAST"):
        port_range(text, "--task-ports")
