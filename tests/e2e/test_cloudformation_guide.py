"""The commands of the guide on CloudFormation, as they are printed, with the AWS CLI and real tasks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.guide import blocks_of, run_commands
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]


def failures(server: Installation) -> list[tuple[str, str]]:
    """The failures in the events of the guide's stack."""
    events = server.client("cloudformation").describe_stack_events(StackName="hello")["StackEvents"]
    return [(e["LogicalResourceId"], e["ResourceStatusReason"]) for e in events if "ResourceStatusReason" in e]


def test_the_guides_commands_run_as_printed(server: Installation, tmp_path: Path):
    script = "\n".join(blocks_of("cloudformation.md"))
    result = run_commands(script, server, tmp_path)
    assert result.returncode == 0, (result.stderr, failures(server))
    assert "Successfully created/updated stack - hello" in result.stdout
    assert re.findall(r"^(hello|goodbye)$", result.stdout, re.MULTILINE) == ["hello", "goodbye"]
    assert "UPDATE_COMPLETE" in result.stdout
    assert server.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert server.client("cloudformation").describe_stacks()["Stacks"] == []
