"""Whether tasks can share a proxy on this machine, and the reason where they can't."""

from __future__ import annotations

import pytest

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.system_containers import host_proxy_check

pytestmark = pytest.mark.root


def refuse(*_: object) -> None:
    raise OSError(1, "Operation not permitted")


def test_this_machine_can():
    assert host_proxy_check.missing_requirement() is None


@pytest.mark.parametrize(
    ("call", "reason"), [("mount", "can't be shared with the proxy"), ("setns", "can't enter a task's network")]
)
def test_a_call_that_the_kernel_refuses_is_named_with_a_remedy(monkeypatch, call, reason):
    monkeypatch.setattr(syscalls, call, refuse)
    message = host_proxy_check.missing_requirement() or ""
    assert reason in message
    assert "--privileged" in message


def test_a_rule_that_the_kernel_refuses_is_named(monkeypatch, tmp_path):
    nft = tmp_path / "nft"
    nft.write_text("#!/bin/sh\necho no such expression >&2\nexit 1\n")
    nft.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no such expression): modprobe nft_connlimit" in (host_proxy_check.missing_requirement() or "")
