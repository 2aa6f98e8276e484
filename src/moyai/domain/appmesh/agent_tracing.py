"""The tracer of an App Mesh proxy: one collector of three kinds, or none.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html#tracing-variables
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final

import msgspec

from moyai.domain.appmesh.agent_variables import flag, fraction, number, path, text

_LOOPBACK: Final = "127.0.0.1"
_PORTS: Final = range(1, 65536)


class XRay(msgspec.Struct, frozen=True, tag="xray"):
    """An X-Ray daemon, by UDP. ``rate``: the sampled share of requests, None = X-Ray's default; ``manifest``: a file
    with sampling rules instead.
    """

    address: str = _LOOPBACK
    port: int = 2000
    segment: str | None = None
    rate: float | None = None
    manifest: str | None = None


class Datadog(msgspec.Struct, frozen=True, tag="datadog"):
    """A Datadog agent, by a name or an address."""

    address: str = _LOOPBACK
    port: int = 8126
    service: str | None = None


class Jaeger(msgspec.Struct, frozen=True, tag="jaeger"):
    """A collector of spans in Zipkin's format, as protobuf or JSON, by a name or an address."""

    address: str = _LOOPBACK
    port: int = 9411
    json: bool = False


Tracer = XRay | Datadog | Jaeger


def tracer_in(environment: Mapping[str, str]) -> Tracer | None:
    """The tracer that an environment enables. Raises ValueError."""
    readers: Mapping[str, Callable[[Mapping[str, str]], Tracer]] = {
        "ENABLE_ENVOY_XRAY_TRACING": _xray,
        "ENABLE_ENVOY_DATADOG_TRACING": _datadog,
        "ENABLE_ENVOY_JAEGER_TRACING": _jaeger,
    }
    names = [name for name in readers if flag(environment, name)]
    if len(names) > 1:
        raise ValueError(f"Only one tracer can be enabled, not {' and '.join(names)}.")
    return readers[names[0]](environment) if names else None


def _xray(environment: Mapping[str, str]) -> XRay:
    address, port = _daemon(environment)
    manifest = path(environment, "XRAY_SAMPLING_RULE_MANIFEST")
    rate = None if manifest is not None else fraction(environment, "XRAY_SAMPLING_RATE")
    return XRay(address, port, text(environment, "XRAY_SEGMENT_NAME"), rate, manifest)


def _daemon(environment: Mapping[str, str]) -> tuple[str, int]:
    """The address and port of the X-Ray daemon; a port in its address has precedence over the variable of the port."""
    port = number(environment, "XRAY_DAEMON_PORT", _PORTS, XRay().port)
    raw = text(environment, "AWS_XRAY_DAEMON_ADDRESS") or XRay().address
    try:
        return str(ip_address(raw)), port
    except ValueError:
        host, _, own_port = raw.rpartition(":")
    try:
        host = str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError(f"AWS_XRAY_DAEMON_ADDRESS must be an IP address and a port, not {raw!r}.") from None
    return host, number({"AWS_XRAY_DAEMON_ADDRESS": own_port}, "AWS_XRAY_DAEMON_ADDRESS", _PORTS, port)


def _datadog(environment: Mapping[str, str]) -> Datadog:
    default = Datadog()
    return Datadog(
        address=text(environment, "DATADOG_TRACER_ADDRESS") or default.address,
        port=number(environment, "DATADOG_TRACER_PORT", _PORTS, default.port),
        service=text(environment, "DD_SERVICE"),
    )


def _jaeger(environment: Mapping[str, str]) -> Jaeger:
    default = Jaeger()
    return Jaeger(
        address=text(environment, "JAEGER_TRACER_ADDRESS") or default.address,
        port=number(environment, "JAEGER_TRACER_PORT", _PORTS, default.port),
        json="json" in (text(environment, "JAEGER_TRACER_VERSION") or "").lower(),
    )
