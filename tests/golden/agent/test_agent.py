"""The bootstrap of an App Mesh proxy, for each environment; the real Envoy accepts it.

A case is the environment of a proxy.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from moyai.domain.appmesh.agent_settings import Agent, agent_settings
from moyai.domain.appmesh.identity import identity_of
from moyai.domain.ecs.mesh_proxy import identity_in
from moyai.kernel.ids import AccountId, ProxyId, Region
from moyai.kernel.scope import Scope
from moyai.testing.golden import cases
from moyai.xds.translate.agent_bootstrap import agent_bootstrap
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

HERE = Path(__file__).parent
ENVOY = Path(sys.executable).with_name("envoy")
SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
PROXY = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/default/" + "0" * 32)


def started_with(name: str) -> bytes:
    environment = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    identity = identity_of(identity_in(environment) or "", SCOPE)
    assert identity is not None
    return agent_bootstrap(Agent(PROXY, identity, agent_settings(environment), "us-east-1a"), BootstrapSettings())


@pytest.mark.parametrize("name", cases(HERE))
def test_the_bootstrap_is_as_expected(name, golden):
    text = yaml.safe_dump(json.loads(started_with(name)), sort_keys=True, width=120)
    golden.check(name, {"bootstrap": text})


@pytest.mark.parametrize("name", cases(HERE))
def test_envoy_accepts_the_configuration(name, tmp_path):
    config = tmp_path / "envoy.json"
    text = started_with(name).replace(b"{xds}", b"/run/moyai/xds.sock").replace(b'"/tmp/', f'"{tmp_path}/'.encode())
    config.write_bytes(text.replace(b"{statistics}", b"/run/moyai/statistics.sock"))
    command = [str(ENVOY), "--mode", "validate", "--config-path", str(config), "--log-level", "warning"]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "bug" not in run.stderr
