"""Checks whether this machine can run the Envoy that tasks share, by trying what that Envoy and its tasks' networks do.

The attempts run on a thread of their own, with which their namespaces and capabilities end. What every task needs is
checked by ``host.check_host``, and the version of Envoy is fixed by moyai's own requirements.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from moyai.domain.sandbox.network import Intercept
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux.network.configure import apply_rules
from moyai.runtime.linux.network.interception import service_connect_rules
from moyai.runtime.linux.shim import capabilities, syscalls
from moyai.runtime.linux.shim.syscalls import CLONE_NEWNET, CLONE_NEWNS, MS_PRIVATE, MS_REC, MS_SHARED
from moyai.runtime.linux.system_containers.configs import SYS_ADMIN

_INTERCEPT = Intercept("127.255.0.0/16", egress_port=15001, ingress_port=15000)
"""An interception such as a task's network has."""
_PRIVILEGED = "in a container, start it with --privileged"


def missing_requirement() -> str | None:
    """Why tasks can't share a proxy here, with a remedy; None when they can. Blocking."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_try_each).result()


def _try_each() -> str | None:
    try:
        syscalls.unshare(CLONE_NEWNET | CLONE_NEWNS)
        syscalls.mount(None, "/", None, MS_REC | MS_PRIVATE)
        syscalls.mount(None, "/", None, MS_SHARED)
    except OSError as error:
        return f"mounts of network namespaces can't be shared with the proxy ({error}): {_PRIVILEGED}"
    try:
        apply_rules(service_connect_rules(_INTERCEPT, is_shared=True))
    except SandboxFailed as error:
        return f"the kernel can't limit a task's connections at the proxy ({error}): modprobe nft_connlimit"
    try:
        _enter_with_one_capability()
    except OSError as error:
        return f"a process with only CAP_SYS_ADMIN can't enter a task's network namespace ({error}): {_PRIVILEGED}"
    return None


def _enter_with_one_capability() -> None:
    namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.unshare(CLONE_NEWNET)
        capabilities.set_effective((SYS_ADMIN,))
        syscalls.setns(namespace, CLONE_NEWNET)
    finally:
        os.close(namespace)
