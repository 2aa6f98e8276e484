"""The ports that health checks ask."""

from __future__ import annotations

import pytest

from moyai.cli.analyze.health_checks import asked_ports


@pytest.mark.parametrize(
    ("command", "ports"),
    [
        ("curl -f http://localhost:8080/", {"8080"}),
        ("curl -f http://localhost/ || exit 1", {"80"}),
        ("wget -q -O- https://127.0.0.1/health", {"443"}),
        ("curl -fsS localhost/health", {"80"}),
        ('curl -f "http://[::1]"', {"80"}),
        ("curl localhost:8080/a && curl http://localhost", {"8080", "80"}),
        ("nc -z localhost 9000", {"9000"}),
        ("timeout 1 bash -c '</dev/tcp/127.0.0.1/7000'", {"7000"}),
        ("curl http://localhost/8080", {"80"}),
        ("curl http://localhost.example/ http://other/", set()),
        ("pg_isready -h localhost", set()),
        ("test -e /healthy", set()),
    ],
)
def test_the_ports_are_those_of_the_container_itself(command, ports):
    assert asked_ports(["CMD-SHELL", command]) == ports
