"""The migration of a virtual node: the Service Connect configuration of the ECS service whose tasks it is.

Promise: there is one entry of ``services`` for each listener. Its discovery name is the node's name in Cloud Map, and
its alias the virtual service's name and port. Of the timeouts of the listener and its route the shorter one applies, in
whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import Any, NamedTuple

from moyai.cli.migrate.inventory import Inventory, Json
from moyai.cli.migrate.member_report import MemberReport
from moyai.cli.migrate.routes import ServiceTarget, route_of
from moyai.cli.migrate.tags import outlier_tags, retry_tags, seconds

_STANDARD_STREAMS = frozenset({"/dev/stdout", "/dev/stderr"})
_REACHABLE = "clients can call every name in the namespace, not only their backends"
_SECRETS = "Service Connect has no certificates from files and secret servers"


class Offered(NamedTuple):
    """A listener as a service of Service Connect."""

    discovery_name: str
    port_name: str
    port: int
    protocol: str
    alias: Mapping[str, Any]
    timeout: Mapping[str, int]
    authority: str | None

    @property
    def entry(self) -> dict[str, Any]:
        """The entry of ``serviceConnectConfiguration.services``."""
        entry: dict[str, Any] = {"portName": self.port_name, "discoveryName": self.discovery_name}
        entry["clientAliases"] = [dict(self.alias)]
        if self.timeout:
            entry["timeout"] = dict(self.timeout)
        if self.authority is not None:
            entry["tls"] = {"issuerCertificateAuthority": {"awsPcaAuthorityArn": self.authority}}
        return entry


class CloudMapName(NamedTuple):
    """The Cloud Map namespace and service of a node."""

    namespace: str
    service: str


def is_registered(spec: Json) -> bool:
    """Whether the node uses Cloud Map for service discovery."""
    return bool((spec.get("serviceDiscovery") or {}).get("awsCloudMap"))


def cloud_map_name(spec: Json) -> CloudMapName | None:
    """The node's Cloud Map name, or its DNS name read as one; None if it has neither."""
    discovery = spec.get("serviceDiscovery") or {}
    if discovery.get("awsCloudMap"):
        return CloudMapName(discovery["awsCloudMap"]["namespaceName"], discovery["awsCloudMap"]["serviceName"])
    hostname = (discovery.get("dns") or {}).get("hostname", "")
    service, _, namespace = hostname.partition(".")
    return CloudMapName(namespace, service) if namespace else None


def offers(
    inventory: Inventory, node: str, report: MemberReport, targets: Iterable[ServiceTarget]
) -> Iterator[Offered]:
    """The services that the node's ECS service offers. Reports the members of each listener."""
    spec = inventory.nodes[node]
    place = cloud_map_name(spec)
    candidates = list(targets)
    listeners = spec.get("listeners") or ()
    for number, listener in enumerate(listeners):
        path, port = f"listeners[{number}]", int(listener["portMapping"]["port"])
        target = next((w for w in candidates if w.node == node and w.node_port == port), None)
        _report_listener(report, path, listener)
        if place is None or target is None:
            continue
        protocol = str(listener["portMapping"]["protocol"])
        yield Offered(
            discovery_name=place.service if len(listeners) == 1 else f"{place.service}-{port}",
            port_name=f"{protocol}-{port}",
            port=port,
            protocol=protocol,
            alias={"dnsName": target.service, "port": target.port},
            timeout=_timeout(protocol, listener, _route(inventory, target)),
            authority=_authority(inventory, listener),
        )


def tags(
    inventory: Inventory,
    node: str,
    report: MemberReport,
    targets: Iterable[ServiceTarget],
    routes: Mapping[Any, MemberReport],
) -> Json:
    """The tags of the node's ECS service, for settings without an equivalent. Reports the members that they keep."""
    result: dict[str, str] = {}
    for number, listener in enumerate(inventory.nodes[node].get("listeners") or ()):
        if listener.get("outlierDetection"):
            result.update(outlier_tags(report, f"listeners[{number}].outlierDetection", listener["outlierDetection"]))
    for target in targets:
        if target.node == node and target.route is not None:
            kind, route = route_of(inventory.routes[target.route])
            if route.get("retryPolicy"):
                result.update(retry_tags(routes[target.route], f"{kind}.retryPolicy", route["retryPolicy"]))
    return result


def report_members(report: MemberReport, spec: Json) -> None:
    """Report the members that do not depend on other resources."""
    report.mark_mapped("serviceDiscovery.awsCloudMap.namespaceName", "serviceConnectConfiguration.namespace")
    report.mark_mapped("serviceDiscovery.awsCloudMap.serviceName", "services[].discoveryName")
    report.mark_staying(
        "serviceDiscovery.awsCloudMap.attributes",
        "a discovery name belongs to one ECS service: first give each node its own Cloud Map service",
    )
    report.mark_mapped(
        "serviceDiscovery.dns.hostname", "serviceConnectConfiguration.namespace and services[].discoveryName"
    )
    report.mark_lost("serviceDiscovery.dns", "proxies receive endpoints from the control plane instead of DNS")
    for number, backend in enumerate(spec.get("backends") or ()):
        report.mark_mapped(f"backends[{number}].virtualService.virtualServiceName", _REACHABLE)
        _report_client_policy(
            report, f"backends[{number}].virtualService.clientPolicy", backend.get("virtualService") or {}
        )
    _report_client_policy(report, "backendDefaults.clientPolicy", spec.get("backendDefaults") or {})
    log = ((spec.get("logging") or {}).get("accessLog") or {}).get("file") or {}
    if log.get("path") in _STANDARD_STREAMS:
        report.mark_mapped(
            "logging.accessLog.file.path", "accessLogConfiguration, through the service's logConfiguration"
        )
    else:
        report.mark_lost(
            "logging.accessLog.file.path", "access logs go to the service's logConfiguration, not to a file"
        )
    form = "JSON" if (log.get("format") or {}).get("json") else "TEXT"
    report.mark_lost("logging.accessLog.file.format", f"accessLogConfiguration.format={form}, with AWS's own fields")


def access_log(spec: Json) -> dict[str, str] | None:
    """The ``accessLogConfiguration`` for the node's access log, or None."""
    log = ((spec.get("logging") or {}).get("accessLog") or {}).get("file")
    if not log:
        return None
    return {"format": "JSON" if (log.get("format") or {}).get("json") else "TEXT"}


def _report_listener(report: MemberReport, path: str, listener: Json) -> None:
    report.mark_mapped(f"{path}.portMapping.port", "a port mapping with a name")
    report.mark_mapped(f"{path}.portMapping.protocol", "the appProtocol of the port mapping; TCP without one")
    report.mark_mapped(f"{path}.timeout", "services[].timeout: the shorter of the route's and the listener's")
    report.mark_lost(
        f"{path}.healthCheck", "proxies have no health checks; use the container's healthCheck and outlier detection"
    )
    report.mark_lost(f"{path}.connectionPool", "Service Connect has no limits for connections or requests")
    tls = listener.get("tls") or {}
    if (tls.get("certificate") or {}).get("acm"):
        report.mark_mapped(
            f"{path}.tls.certificate",
            "services[].tls: a certificate of the same authority, created and renewed automatically",
        )
        report.mark_mapped(
            f"{path}.tls.mode", "services[].tls" if tls.get("mode") == "STRICT" else "services[].tls; STRICT"
        )
    report.mark_staying(f"{path}.tls.certificate", _SECRETS)
    report.mark_lost(f"{path}.tls.validation", "Service Connect has no client certificates")
    report.mark_lost(f"{path}.tls.mode", _SECRETS)


def _report_client_policy(report: MemberReport, path: str, owner: Json) -> None:
    tls = (owner.get("clientPolicy") or {}).get("tls") or {}
    if ((tls.get("validation") or {}).get("trust") or {}).get("acm"):
        report.mark_mapped(f"{path}.tls.validation.trust", "callers trust the authority of the called service")
    report.mark_lost(f"{path}.tls", "the called service decides about encryption, not the client")


def _route(inventory: Inventory, target: ServiceTarget) -> Json:
    return {} if target.route is None else route_of(inventory.routes[target.route])[1]


def _timeout(protocol: str, listener: Json, route: Json) -> dict[str, int]:
    listener_timeout = (listener.get("timeout") or {}).get(protocol) or {}
    route_timeout = route.get("timeout") or {}
    timeouts = {}
    for member, name in (("idle", "idleTimeoutSeconds"), ("perRequest", "perRequestTimeoutSeconds")):
        durations = [seconds(t[member]) for t in (listener_timeout, route_timeout) if t.get(member)]
        limited = [value for value in durations if value] or durations
        if limited and not (protocol == "tcp" and member == "perRequest"):
            timeouts[name] = ceil(min(limited))
    return timeouts


def _authority(inventory: Inventory, listener: Json) -> str | None:
    """The certificate authority of a listener, which the client policies of its callers name."""
    if not ((listener.get("tls") or {}).get("certificate") or {}).get("acm"):
        return None
    for spec in inventory.nodes.values():
        for policy in _policies(spec):
            trust = ((policy.get("tls") or {}).get("validation") or {}).get("trust") or {}
            for arn in (trust.get("acm") or {}).get("certificateAuthorityArns") or ():
                return str(arn)
    return None


def _policies(spec: Json) -> Iterator[Json]:
    yield (spec.get("backendDefaults") or {}).get("clientPolicy") or {}
    for backend in spec.get("backends") or ():
        yield (backend.get("virtualService") or {}).get("clientPolicy") or {}
