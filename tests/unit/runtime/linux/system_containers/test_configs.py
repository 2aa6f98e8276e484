"""The privileges of system containers."""

from __future__ import annotations

from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.seccomp.profile import default_profile
from moyai.runtime.linux.system_containers.configs import host_proxy_fields

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
