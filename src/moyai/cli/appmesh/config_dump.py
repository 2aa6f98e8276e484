"""What a proxy's ``/config_dump`` says it was led by, resource by resource, in a form that can be held against another.

Promise: versions, times and the order of what has no order are left out, and Envoy's older ways of saying a thing are
read as today's; whatever else differs is a difference. Only what came over ADS is looked at: listeners, routes and
clusters, and of secrets that they are there, never what is in them. Who answered is no matter: those tasks are gone.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/admin/v3/config_dump.proto
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from moyai.kernel.errors import MoyaiError

_SECTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "dynamic_listeners": ("listener", "active_state.listener"),
        "dynamic_route_configs": ("routes", "route_config"),
        "dynamic_active_clusters": ("cluster", "cluster"),
        "dynamic_active_secrets": ("secret", ""),
    }
)
"""By the section's key: what is in it, and where in an entry."""
_UNORDERED = frozenset({"virtual_hosts", "domains", "filter_chains", "server_names", "lb_endpoints", "endpoints"})
_NOISE = frozenset({"@type", "last_updated", "version_info", "stat_prefix_hash"})
_EXACT: Mapping[str, str] = MappingProxyType(
    {"exact_match": "exact", "prefix_match": "prefix", "suffix_match": "suffix", "safe_regex_match": "safe_regex"}
)


class NoDump(MoyaiError):
    """The file is no proxy's config_dump."""


class Dump(NamedTuple):
    """A proxy's node id, and its resources by kind and name."""

    node: str
    resources: Mapping[tuple[str, str], Any]


def read_dump(document: object) -> Dump:
    """A config_dump. Raises NoDump."""
    if not isinstance(document, Mapping) or not isinstance(document.get("configs"), Sequence):
        raise NoDump("The file is no config_dump: it has no `configs`. curl -s localhost:9901/config_dump prints one.")
    node, found = "", {}
    for config in document["configs"]:
        node = str(_at(config, "bootstrap.node.id") or node)
        for section, (kind, place) in _SECTIONS.items():
            for entry in config.get(section) or ():
                resource = _at(entry, place) if place else {"name": entry.get("name", "")}
                if resource is not None:
                    found[kind, _name(resource)] = normal(resource)
    if not found:
        raise NoDump("The dump has nothing in it that came from a control plane.")
    return Dump(node, MappingProxyType(found))


def normal(value: Any) -> Any:  # noqa: ANN401 (whatever JSON can hold)
    """The same without what says nothing, in one order, in today's words."""
    if isinstance(value, Mapping):
        plain = {key: inner for key, inner in value.items() if key not in _NOISE}
        return {key: _member(key, normal(inner)) for key, inner in sorted(_today(plain).items())}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [normal(inner) for inner in value]
    return value


def _member(key: str, value: Any) -> Any:  # noqa: ANN401
    return sorted(value, key=repr) if key in _UNORDERED and isinstance(value, list) else value


def _today(value: Mapping[str, Any]) -> dict[str, Any]:
    """Envoy's older ways of asking for a header, said as it says them now."""
    found = dict(value)
    for old, new in _EXACT.items():
        if old in found and "name" in found:
            found["string_match"] = {new: found.pop(old)}
    if found.get("use_downstream_protocol_config") is None:
        found.pop("use_downstream_protocol_config", None)
    return found


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource.get("name") or resource.get("cluster_name") or "")


def _at(value: object, path: str) -> Any:  # noqa: ANN401
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """Where two resources differ, and what either says there; None = nothing."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        for key in sorted(theirs.keys() | ours.keys()):
            yield from differences(theirs.get(key), ours.get(key), f"{path}.{key}" if path else key)
    elif isinstance(theirs, list) and isinstance(ours, list):
        for number in range(max(len(theirs), len(ours))):
            pair = (theirs[number : number + 1] or [None], ours[number : number + 1] or [None])
            yield from differences(pair[0][0], pair[1][0], f"{path}[{number}]")
    elif theirs != ours:
        yield path, theirs, ours
