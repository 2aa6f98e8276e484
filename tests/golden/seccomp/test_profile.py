"""Which system calls Docker's default profile allows, and on what condition, for each container.

A case is a container's capabilities and its machine.
"""

from __future__ import annotations

import errno
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from moyai.runtime.linux.seccomp.profile import ALLOW, SyscallRule, default_profile, kernel_version
from moyai.testing.golden import cases

HERE = Path(__file__).parent


def outcome(rule: SyscallRule) -> str:
    """The profile's action for a system call, and its conditions."""
    verdict = "allowed" if rule.action == ALLOW else errno.errorcode[rule.errno_ret]
    conditions = [f"{arg.op} {arg.value} {arg.value_two} of argument {arg.index}" for arg in rule.args]
    return " ".join([verdict, *conditions])


@pytest.mark.parametrize("name", cases(HERE))
def test_allowed_system_calls_are_as_expected(name, golden):
    case = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    capabilities = {f"CAP_{capability}" for capability in case["capabilities"]}
    rules = default_profile().rules(capabilities, case["architecture"], kernel_version(case["kernel"]))
    calls: defaultdict[str, set[str]] = defaultdict(set)
    for rule in rules:
        calls[outcome(rule)].update(rule.names)
    text = yaml.safe_dump({verdict: sorted(names) for verdict, names in calls.items()})
    golden.check(name, {"calls": text})
