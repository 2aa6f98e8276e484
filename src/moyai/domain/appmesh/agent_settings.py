"""The settings in the environment of an App Mesh proxy: the variables that App Mesh's agent read, with its defaults.

Promise: a variable has the meaning that it had. A variable of the agent that moyai can't honour is refused by its name,
never ignored; a value that the agent corrected with a warning is corrected the same way. Variables about how the agent
found AWS, or monitored its Envoy, have no effect, because moyai does both itself. Other variables are not the agent's.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.appmesh.agent_tracing import Tracer, tracer_in
from moyai.domain.appmesh.agent_variables import address, flag, number, path, socket_path, text, word
from moyai.domain.appmesh.identity import Identity
from moyai.kernel.ids import ProxyId

_FILE: Final = "it names a file of an image that is not run; the proxy is moyai's own Envoy"
_NO_AGENT: Final = "there is no agent beside the proxy; ask Envoy's own admin interface"
_NO_GUARD: Final = "the Envoy of today has no such switch"
_REFUSED_VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ENVOY_CONFIG_FILE": _FILE,
        "ENVOY_RESOURCES_CONFIG_FILE": _FILE,
        "ENVOY_STATS_CONFIG_FILE": _FILE,
        "ENVOY_STATS_SINKS_CFG_FILE": _FILE,
        "ENVOY_TRACING_CFG_FILE": _FILE,
        "ENVOY_STATS_FLUSH_INTERVAL": "how often proxies report is a setting of the server",
        "APPNET_AGENT_ADMIN_MODE": _NO_AGENT,
    }
)
"""Variables that are refused with any value."""
_FIXED_VARIABLES: Final[Mapping[str, tuple[bool, str]]] = MappingProxyType(
    {
        "APPMESH_SET_TRACING_DECISION": (True, _NO_GUARD),
        "ENVOY_ENABLE_TCP_POOL_IDLE_TIMEOUT": (True, _NO_GUARD),
        "ENVOY_NO_EXTENSION_LOOKUP_BY_NAME": (True, _NO_GUARD),
        "ENVOY_SANITIZE_ORIGINAL_PATH": (True, _NO_GUARD),
        "ENABLE_STATS_SNAPSHOT": (False, _NO_AGENT),
        "APPNET_ENABLE_RELAY_MODE_FOR_XDS": (False, "there is nothing to relay"),
    }
)
"""Variables of which moyai supports only the agent's default."""
_LEVELS: Final = ("trace", "debug", "info", "warning", "warn", "error", "critical", "off")
_PORTS: Final = range(1, 65536)
_SECONDS: Final = range(86401)
_THREADS: Final = range(1, 257)
_DRAIN_WAIT: Final = 20
_DRAIN_WAITS: Final = range(5, 111)
_RESTARTS: Final = range(11)
_REQUESTS: Final = range(1, 2**31)
_ANY: Final = range(-(2**31), 2**31)


class Admin(msgspec.Struct, frozen=True):
    """Envoy's admin interface, which listens on every address of the task."""

    port: int = 9901
    ipv6: bool = False
    """Whether it listens on IPv6 as well."""
    access_log: str = "/tmp/envoy_admin_access.log"  # noqa: S108 (the agent's default; a place in the proxy's own root)


class Statsd(msgspec.Struct, frozen=True):
    """A DogStatsD daemon, which is sent statistics by UDP, or through a socket if there is a path."""

    address: str = "127.0.0.1"
    port: int = 8125
    socket_path: str | None = None


class AgentSettings(msgspec.Struct, frozen=True):
    """The settings of App Mesh's agent, parsed from the environment of its container."""

    cluster: str | None = None
    """The proxy's name in traces; None = its default."""
    log_level: str = "info"
    concurrency: int = 1
    """The number of worker threads."""
    admin: Admin = Admin()
    initial_fetch_timeout: int = 0
    """The seconds that the proxy waits for its first configuration; 0 = no limit."""
    stats_tags: bool = False
    """Whether each statistic has tags with its mesh and its virtual node or gateway."""
    metric_extension: bool = False
    tracer: Tracer | None = None
    statsd: Statsd | None = None
    sds_socket: str | None = None
    """The socket of a local SDS server."""
    drain_wait: int = _DRAIN_WAIT
    """The seconds that open requests have before the proxy ends."""
    restarts: int = 0
    """The number of times that an Envoy is restarted in its task."""
    outlier_log: str = "/dev/stdout"
    requests_per_cycle: int | None = None
    """The number of requests of one connection that are processed at a time; None = all."""


_DEFAULT: Final = AgentSettings()


def agent_settings(environment: Mapping[str, str]) -> AgentSettings:
    """Parse the settings of an environment. Raises ValueError with a sentence about the fault."""
    _refuse(environment)
    return AgentSettings(
        cluster=text(environment, "APPMESH_RESOURCE_CLUSTER") or text(environment, "APPMESH_VIRTUAL_NODE_CLUSTER"),
        log_level=word(environment, "ENVOY_LOG_LEVEL", _LEVELS, _DEFAULT.log_level),
        concurrency=number(environment, "ENVOY_CONCURRENCY", _THREADS, _DEFAULT.concurrency),
        admin=_admin(environment),
        initial_fetch_timeout=number(environment, "ENVOY_INITIAL_FETCH_TIMEOUT", _SECONDS, 0),
        stats_tags=flag(environment, "ENABLE_ENVOY_STATS_TAGS"),
        metric_extension=text(environment, "APPMESH_METRIC_EXTENSION_VERSION") == "1",
        tracer=tracer_in(environment),
        statsd=_statsd(environment) if flag(environment, "ENABLE_ENVOY_DOG_STATSD") else None,
        sds_socket=socket_path(environment, "APPMESH_SDS_SOCKET_PATH"),
        drain_wait=_drain_wait(environment),
        restarts=_restarts(environment),
        outlier_log=path(environment, "ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH") or _DEFAULT.outlier_log,
        requests_per_cycle=number(environment, "MAX_REQUESTS_PER_IO_CYCLE", _REQUESTS, 0) or None,
    )


def _refuse(environment: Mapping[str, str]) -> None:
    for name, reason in _REFUSED_VARIABLES.items():
        if text(environment, name):
            raise ValueError(f"{name} is not supported by moyai: {reason}.")
    for name, (only, reason) in _FIXED_VARIABLES.items():
        if flag(environment, name, otherwise=only) is not only:
            raise ValueError(f"{name}: {environment[name]} is not supported by moyai: {reason}.")
    if word(environment, "ENVOY_ADMIN_MODE", ("tcp", "uds"), "tcp") != "tcp":
        raise ValueError("ENVOY_ADMIN_MODE: uds is not supported by moyai: Envoy's admin interface is a TCP port.")


def _admin(environment: Mapping[str, str]) -> Admin:
    default = Admin()
    return Admin(
        port=number(environment, "ENVOY_ADMIN_ACCESS_PORT", _PORTS, default.port),
        ipv6=flag(environment, "ENVOY_ADMIN_ACCESS_ENABLE_IPV6"),
        access_log=path(environment, "ENVOY_ADMIN_ACCESS_LOG_FILE") or default.access_log,
    )


def _statsd(environment: Mapping[str, str]) -> Statsd:
    default = Statsd()
    return Statsd(
        address=address(environment, "STATSD_ADDRESS", default.address),
        port=number(environment, "STATSD_PORT", _PORTS, default.port),
        socket_path=socket_path(environment, "STATSD_SOCKET_PATH"),
    )


def _drain_wait(environment: Mapping[str, str]) -> int:
    requested = number(environment, "LISTENER_DRAIN_WAIT_TIME_S", _ANY, _DRAIN_WAIT)
    return requested if requested in _DRAIN_WAITS else _DRAIN_WAIT


def _restarts(environment: Mapping[str, str]) -> int:
    requested = number(environment, "APPNET_ENVOY_RESTART_COUNT", _ANY, 0)
    return min(max(requested, 0), _RESTARTS[-1])


class Agent(msgspec.Struct, frozen=True):
    """An App Mesh proxy. ``zone``: its availability zone; empty = unknown."""

    proxy: ProxyId
    identity: Identity
    settings: AgentSettings = AgentSettings()
    zone: str = ""
