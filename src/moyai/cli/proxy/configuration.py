"""The configuration of a proxy in rows: its clusters, routes and endpoints. Pure.

The names are Envoy's. The rows show the newest configuration that the control plane has for the proxy; ``moyai doctor``
names proxies that do not have it yet.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/route/v3/route_components.proto
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Row = Mapping[str, str]
_Dump = Mapping[str, Any]


def cluster_rows(dump: _Dump) -> Iterator[Row]:
    """The clusters: where their endpoints are from, and how they are treated."""
    for cluster in _resources(dump, "dynamic_active_clusters", "cluster"):
        outliers = cluster.get("outlier_detection", {})
        ejection = f"after {outliers['consecutive_5xx']} errors" if "consecutive_5xx" in outliers else ""
        yield {
            "cluster": cluster["name"],
            "statistics": cluster.get("alt_stat_name", ""),
            "endpoints from": cluster.get("type", "STATIC"),
            "connect timeout": cluster.get("connect_timeout", ""),
            "ejected": ejection or ("yes" if outliers else "never"),
            "health checks": str(len(cluster.get("health_checks", ()))),
            "tls": "yes" if "transport_socket" in cluster or "transport_socket_matches" in cluster else "no",
        }


def route_rows(dump: _Dump) -> Iterator[Row]:
    """The routes: which requests go to which clusters, with their timeouts and retries."""
    for routes in _resources(dump, "dynamic_route_configs", "route_config"):
        for host in routes.get("virtual_hosts", ()):
            for route in host.get("routes", ()):
                action = route.get("route", {})
                yield {
                    "routes": routes["name"],
                    "hosts": " ".join(host.get("domains", ())),
                    "match": _match(route.get("match", {})),
                    "to": _target(route),
                    "timeout": action.get("timeout", ""),
                    "retries": _retries(action.get("retry_policy", host.get("retry_policy", {}))),
                }


def endpoint_rows(dump: _Dump) -> Iterator[Row]:
    """The endpoints that the control plane has sent, without those of the proxy's own application."""
    for group in _resources(dump, "dynamic_endpoint_configs", "endpoint_config"):
        for locality in group.get("endpoints", ()):
            for endpoint in locality.get("lb_endpoints", ()):
                address = endpoint.get("endpoint", {}).get("address", {}).get("socket_address", {})
                yield {
                    "cluster": group["cluster_name"],
                    "endpoint": f"{address.get('address', '')}:{address.get('port_value', '')}",
                    "zone": locality.get("locality", {}).get("zone", ""),
                    "health": endpoint.get("health_status", "HEALTHY"),
                }


def _resources(dump: _Dump, section: str, member: str) -> Iterator[Mapping[str, Any]]:
    for config in dump["configs"]:
        for entry in config.get(section, ()):
            yield entry[member]


def _match(match: Mapping[str, Any]) -> str:
    """A route's condition: its path, then its headers and query parameters."""
    path = next((f"{kind} {match[kind]}" for kind in ("prefix", "path", "path_separated_prefix") if kind in match), "")
    if "safe_regex" in match:
        path = f"regex {match['safe_regex'].get('regex', '')}"
    headers = [f"header {header.get('name', '')}" for header in match.get("headers", ())]
    query = [f"query {parameter.get('name', '')}" for parameter in match.get("query_parameters", ())]
    return ", ".join(filter(None, [path, *headers, *query]))


def _target(route: Mapping[str, Any]) -> str:
    action = route.get("route", {})
    if "cluster" in action:
        return str(action["cluster"])
    weighted = action.get("weighted_clusters", {}).get("clusters", ())
    if weighted:
        return ", ".join(f"{cluster.get('weight', 0)} {cluster['name']}" for cluster in weighted)
    return json.dumps(route.get("direct_response") or route.get("redirect") or {})


def _retries(policy: Mapping[str, Any]) -> str:
    if not policy:
        return "none"
    timeout = f", {policy['per_try_timeout']} each" if "per_try_timeout" in policy else ""
    return f"{policy.get('num_retries', 1)} on {policy.get('retry_on', '')}{timeout}"
