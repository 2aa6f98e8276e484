"""Service Connect configurations, task definitions and tags as hypothesis draws them: nearly all are accepted."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from moyai.domain.connect.tuning import SETTINGS
from moyai.domain.own_tags import fault_in

PORTS = {"web": (8080, "http"), "h2c": (8082, "http2"), "rpc": (50051, "grpc"), "raw": (9000, None)}
"""Of the one task definition that all services have."""
_SECONDS = st.sampled_from([0, 1, 15, 2_147_483_647])
_NAMES = st.from_regex(r"[a-z0-9_][a-z0-9_-]{0,12}", fullmatch=True)
_TIMES = st.sampled_from(["1ms", "250ms", "1.5s", "3600s"])
_TAGS = {
    "moyai:retries": st.sampled_from(["off", "0", "1", "10"]),
    "moyai:retry-on": st.lists(
        st.sampled_from(
            ["connect-failure", "refused-stream", "reset", "reset-before-request", "unavailable", "400", "503", "599"]
        ),
        min_size=1,
        unique=True,
    ).map(" ".join),
    "moyai:retry-methods": st.sampled_from(["repeatable", "all"]),
    "moyai:per-try-timeout": _TIMES,
    "moyai:connect-timeout": _TIMES,
    "moyai:outlier-failures": st.sampled_from(["off", "1", "1000"]),
    "moyai:outlier-interval": _TIMES,
    "moyai:outlier-base-ejection": _TIMES,
    "moyai:outlier-max-ejection-percent": st.integers(0, 100).map(str),
    "moyai:load-balancing": st.sampled_from(["round-robin", "least-request"])
    | st.from_regex(r"consistent-hash:(header|cookie)=[A-Za-z0-9_.-]{1,64}", fullmatch=True),
    "moyai:streaming": st.lists(
        st.from_regex(r"(/[A-Za-z0-9+=._:@-]{1,9}){1,3}|/", fullmatch=True), min_size=1, max_size=6
    ).map(" ".join),
}
assert _TAGS.keys() == SETTINGS.keys()


class ServiceInput(NamedTuple):
    """The settings of a service that a step asks for."""

    connect: dict[str, Any]
    tags: dict[str, str]


@st.composite
def tags(draw: st.DrawFn) -> dict[str, str]:
    """A service's own tags, all of them right."""
    chosen = draw(st.sets(st.sampled_from(sorted(_TAGS))))
    found = {key: draw(_TAGS[key]) for key in sorted(chosen)}
    assert fault_in("service", found) is None, found
    return found


@st.composite
def service_input(draw: st.DrawFn, number: int) -> ServiceInput:
    """A service's configuration; ``number`` keeps the names of several apart."""
    offered = draw(st.lists(st.sampled_from(sorted(PORTS)), unique=True, max_size=4))
    return ServiceInput(
        connect={"enabled": True} | _logs(draw) | {"services": [_offer(draw, p, number) for p in offered]},
        tags=draw(tags()),
    )


def _offer(draw: st.DrawFn, port: str, number: int) -> dict[str, Any]:
    members: dict[str, Any] = {"portName": port, "discoveryName": f"{draw(_NAMES)}-{port}-{number}"}
    if draw(st.booleans()):
        alias: dict[str, Any] = {"port": draw(st.integers(1, 65535))}
        if draw(st.booleans()):
            alias["dnsName"] = f"{draw(_NAMES)}.{port}-{number}"
        members["clientAliases"] = [alias]
    if draw(st.booleans()):
        members["ingressPortOverride"] = 20000 + PORTS[port][0] % 1000
    if draw(st.booleans()):
        members["tls"] = {"issuerCertificateAuthority": {}}
    if draw(st.booleans()):
        members["timeout"] = {"idleTimeoutSeconds": draw(_SECONDS)}
        if PORTS[port][1] is not None:
            members["timeout"]["perRequestTimeoutSeconds"] = draw(_SECONDS)
    return members


def _logs(draw: st.DrawFn) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if draw(st.booleans()):
        members["logConfiguration"] = {
            "logDriver": "awslogs",
            "options": {"awslogs-region": "us-east-1", "awslogs-group": "g"},
        }
        if draw(st.booleans()):
            query = draw(st.sampled_from(["ENABLED", "DISABLED"]))
            members["accessLogConfiguration"] = {
                "format": draw(st.sampled_from(["TEXT", "JSON"])),
                "includeQueryParameters": query,
            }
    if draw(st.booleans()):
        members["containerConfigurations"] = [{"logLevel": draw(st.sampled_from(["info", "debug"]))}]
    return members
