"""The privileges of system containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.runtime.linux.cgroups.groups import Membership
from moyai.runtime.linux.launch.container_config import ContainerPlace
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.seccomp.profile import default_profile
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.probe import Prober
from moyai.runtime.linux.system_containers.configs import envoy_fields, host_proxy_fields

NET_BIND_SERVICE, SYS_ADMIN = 10, 21
FORBIDDEN = {
    "mount",
    "umount2",
    "pivot_root",
    "open_tree",
    "move_mount",
    "unshare",
    "bpf",
    "init_module",
    "sethostname",
}


def test_the_hosts_proxy_enters_namespaces_and_has_nothing_else_of_sys_admin(tmp_path):
    fields = host_proxy_fields(RuntimePaths(tmp_path), tmp_path / "envoy", tmp_path / "run")
    assert fields["capabilities"] == (NET_BIND_SERVICE, SYS_ADMIN)
    assert fields["filtered_as"] == (NET_BIND_SERVICE,)
    assert fields["further_calls"] == ("setns",)
    rules = default_profile().rules({"CAP_NET_BIND_SERVICE"}, "SCMP_ARCH_X86_64", (6, 18))
    assert FORBIDDEN.isdisjoint(name for rule in rules if rule.action == "SCMP_ACT_ALLOW" for name in rule.names)


def host_proxy_health(folder: Path) -> Prober:
    """The health of a host's proxy that starts now."""
    paths, envoy, run = RuntimePaths(folder), folder / "envoy", folder / "run"
    fields = envoy_fields(ContainerPlace(folder, folder, Membership()), paths, envoy, run)
    return Prober(LaunchConfig(fields | host_proxy_fields(paths, envoy, run)), 0)


def seconds_to_unhealthy(health: Prober) -> float:
    """The time until a proxy is unhealthy whose checks fail at once."""
    now: float | None = None
    while health.health != "UNHEALTHY":
        now = health.deadline()
        assert now is not None
        health.record_start(now)
        health.record_end(1, now)
    assert now is not None
    return now


@pytest.mark.parametrize(("was_healthy", "seconds"), [(False, 600), (True, 25)])
def test_the_hosts_proxy_has_minutes_to_start_and_is_unhealthy_soon_when_it_no_longer_answers(
    tmp_path, was_healthy, seconds
):
    health = host_proxy_health(tmp_path)
    if was_healthy:
        health.record_end(0, 0)
    assert seconds <= seconds_to_unhealthy(health) <= seconds + 60


def test_a_hosts_proxy_that_stands_still_soon_after_its_start_has_been_healthy_by_then(tmp_path):
    health = host_proxy_health(tmp_path)
    assert health.deadline() == 0.1
