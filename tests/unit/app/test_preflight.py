"""The check of the machine says what is missing and what to do about it."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, create_server

import pytest

from moyai.app import preflight
from moyai.app.config import (
    ProxySettings,
    PublicGatewaySettings,
    ResourceSettings,
    RuntimeKind,
    ServerSettings,
    Settings,
)
from moyai.app.state_paths import StatePaths
from moyai.app.wiring import defaults_of
from moyai.domain.defaults import ProxyTopology
from moyai.runtime.linux.system_containers import host_proxy_check


def test_a_missing_pasta_is_reported_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = [line for line in preflight.machine_warnings() if "pasta" in line]
    assert len(lines) == 1
    assert "package passt" in lines[0]


def test_a_type_that_moyai_has_is_not_skipped_and_a_warning_says_so():
    types = ("AWS::ECS::Service", "AWS::Serverless::Application", "AWS::EC2::*", "AWS::EC2::Instance", "Custom::Thing")
    lines = preflight.warnings(Settings(runtime=RuntimeKind.SIM, resources=ResourceSettings(skipped_types=types)))
    reason = "has no effect: moyai has this type, and stacks make its resources."
    assert lines == [f"--skip-resource-type {kind} {reason}" for kind in types[:2]]


@pytest.mark.parametrize(("listen", "family"), [("localhost", AF_INET), ("::1", AF_INET6)])
def test_a_port_of_services_by_name_that_another_program_has_is_a_warning(tmp_path, listen, family):
    with create_server((listen, 0), family=family) as other, create_server((listen, 0), family=family) as closed:
        port, free = other.getsockname()[1], closed.getsockname()[1]
        closed.close()
        settings = Settings(
            state=StatePaths(tmp_path),
            server=ServerSettings(listen=listen),
            public_gateway=PublicGatewaySettings(http_port=free, https_port=port),
        )
        (line,) = (line for line in preflight.warnings(settings) if "--gateway" in line)
    assert line.startswith(f"--gateway-https-port {port}: another program has this port")


def test_an_address_that_this_machine_lacks_is_no_port_in_use(tmp_path):
    settings = Settings(
        state=StatePaths(tmp_path),
        server=ServerSettings(listen="192.0.2.1"),
        public_gateway=PublicGatewaySettings(http_port=80),
    )
    assert [line for line in preflight.warnings(settings) if "--gateway" in line] == []


@pytest.mark.root
def test_a_machine_on_which_tasks_can_not_share_a_proxy_does_not_start_with_that_as_its_default(monkeypatch):
    monkeypatch.setattr(host_proxy_check, "missing_requirement", lambda: "no such rule")
    settings = Settings(proxy=ProxySettings(topology=ProxyTopology.NODE))
    assert preflight.problems(Settings()) == []
    (line,) = preflight.problems(settings)
    assert line == "tasks can't share a proxy here: no such rule; without --proxy node, each has its own"


@pytest.mark.parametrize(
    ("problem", "expected", "choice"),
    [
        (None, ProxyTopology.NODE, "new tasks share one (the default, which works on this machine)"),
        ("no such rule", ProxyTopology.SIDECAR, "each new task has its own (tasks can't share one here: no such rule)"),
    ],
)
def test_tasks_share_a_proxy_where_they_can_and_otherwise_the_reason_is_reported(
    monkeypatch, problem, expected, choice
):
    monkeypatch.setattr(host_proxy_check, "missing_requirement", lambda: problem)
    settings, reason = preflight.decide_topology(Settings())
    assert (defaults_of(settings).proxy, settings.proxy.choice) == (expected, choice)
    sentence = "each new task has a proxy of its own, because tasks can't share one here: no such rule"
    assert reason == (None if problem is None else sentence)


@pytest.mark.parametrize("chosen", ProxyTopology)
def test_a_chosen_topology_stays(monkeypatch, chosen):
    monkeypatch.setattr(host_proxy_check, "missing_requirement", lambda: "no such rule")
    settings, warning = preflight.decide_topology(Settings(proxy=ProxySettings(topology=chosen)))
    assert (settings.proxy.topology, warning) == (chosen, None)
    assert settings.proxy.choice.endswith(f"(--proxy {chosen})")


def test_the_simulated_runtime_tries_nothing(monkeypatch):
    monkeypatch.delattr(host_proxy_check, "missing_requirement")
    settings, warning = preflight.decide_topology(Settings(runtime=RuntimeKind.SIM))
    assert (defaults_of(settings).proxy, warning) == (ProxyTopology.SIDECAR, None)
    assert settings.proxy.choice == "each new task has its own (as on AWS, the default of the runtime sim)"
