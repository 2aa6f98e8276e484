"""Reads an Envoy ``/config_dump`` and compares two of them.

Versions, times and the order of unordered lists are ignored, and deprecated forms of Envoy's API are read as their
replacements; anything else that differs is a difference. Only resources received over ADS are compared: listeners,
route configurations, clusters, and the names of secrets without their contents. Endpoints are not compared, because
their tasks are gone.
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
"""For each section of the dump: the kind of its resources, and the path of the resource in an entry."""
_UNORDERED = frozenset({"virtual_hosts", "domains", "filter_chains", "server_names", "lb_endpoints", "endpoints"})
_NOISE = frozenset({"@type", "last_updated", "version_info", "stat_prefix_hash"})
_DEPRECATED_MATCHERS: Mapping[str, str] = MappingProxyType(
    {"exact_match": "exact", "prefix_match": "prefix", "suffix_match": "suffix", "safe_regex_match": "safe_regex"}
)


class NoDump(MoyaiError):
    """The file is not a usable config_dump."""


class Dump(NamedTuple):
    """A proxy's node ID and its resources by kind and name."""

    node: str
    resources: Mapping[tuple[str, str], Any]


def read_dump(document: object) -> Dump:
    """Parse a config_dump. Raises NoDump."""
    if not isinstance(document, Mapping) or not isinstance(document.get("configs"), Sequence):
        raise NoDump("the file has no `configs`: it is not the output of `curl -s localhost:9901/config_dump`")
    node, resources = "", {}
    for config in document["configs"]:
        node = str(_value_at(config, "bootstrap.node.id") or node)
        for section, (kind, place) in _SECTIONS.items():
            for entry in config.get(section) or ():
                resource = _value_at(entry, place) if place else {"name": entry.get("name", "")}
                if resource is not None:
                    resources[kind, _name(resource)] = normalize(resource)
    if not resources:
        raise NoDump("the dump has no resource that came from a control plane")
    return Dump(node, MappingProxyType(resources))


def normalize(value: Any) -> Any:  # noqa: ANN401 (whatever JSON can hold)
    """The value without ignored members, with unordered lists sorted and deprecated forms replaced."""
    if isinstance(value, Mapping):
        plain = {key: inner for key, inner in value.items() if key not in _NOISE}
        return {key: _member(key, normalize(inner)) for key, inner in sorted(_replace_deprecated(plain).items())}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [normalize(inner) for inner in value]
    return value


def _member(key: str, value: Any) -> Any:  # noqa: ANN401
    return sorted(value, key=repr) if key in _UNORDERED and isinstance(value, list) else value


def _replace_deprecated(value: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the deprecated header matchers of Envoy's API by ``string_match``."""
    result = dict(value)
    for old, new in _DEPRECATED_MATCHERS.items():
        if old in result and "name" in result:
            result["string_match"] = {new: result.pop(old)}
    if result.get("use_downstream_protocol_config") is None:
        result.pop("use_downstream_protocol_config", None)
    return result


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource.get("name") or resource.get("cluster_name") or "")


def _value_at(value: object, path: str) -> Any:  # noqa: ANN401
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def differences(reference: Any, moyai_value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """The paths at which two resources differ, each with both values; None where a side has none."""
    if isinstance(reference, Mapping) and isinstance(moyai_value, Mapping):
        for key in sorted(reference.keys() | moyai_value.keys()):
            yield from differences(reference.get(key), moyai_value.get(key), f"{path}.{key}" if path else key)
    elif isinstance(reference, list) and isinstance(moyai_value, list):
        for number in range(max(len(reference), len(moyai_value))):
            pair = (reference[number : number + 1] or [None], moyai_value[number : number + 1] or [None])
            yield from differences(pair[0][0], pair[1][0], f"{path}[{number}]")
    elif reference != moyai_value:
        yield path, reference, moyai_value
