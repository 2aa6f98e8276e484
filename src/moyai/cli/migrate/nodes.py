"""What becomes of a virtual node: the Service Connect configuration of the ECS service whose tasks it is.

Promise: one entry of ``services`` for each listener, under the name that the node has in Cloud Map, called by its
virtual service's name and port. What two places say of a time-out comes to the shorter one, in whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import Any, NamedTuple

from moyai.cli.migrate.inventory import Inventory, Json
from moyai.cli.migrate.ledger import Ledger
from moyai.cli.migrate.routes import Way, route_of
from moyai.cli.migrate.tags import outlier_tags, retry_tags, seconds

_PLACES = frozenset({"/dev/stdout", "/dev/stderr"})
_REACHABLE = "every name in the namespace can be called; that others can't be is lost"
_SECRETS = "certificates from files and secret servers are App Mesh's alone"


class Offered(NamedTuple):
    """A listener, as Service Connect offers it."""

    discovery_name: str
    port_name: str
    port: int
    protocol: str
    alias: Mapping[str, Any]
    timeout: Mapping[str, int]
    authority: str | None

    @property
    def entry(self) -> dict[str, Any]:
        """As an entry of ``services``."""
        found: dict[str, Any] = {"portName": self.port_name, "discoveryName": self.discovery_name}
        found["clientAliases"] = [dict(self.alias)]
        if self.timeout:
            found["timeout"] = dict(self.timeout)
        if self.authority is not None:
            found["tls"] = {"issuerCertificateAuthority": {"awsPcaAuthorityArn": self.authority}}
        return found


class Place(NamedTuple):
    """Where a node is found: a Cloud Map namespace, and a service in it."""

    namespace: str
    service: str


def is_registered(spec: Json) -> bool:
    """Whether the node is found in Cloud Map."""
    return bool((spec.get("serviceDiscovery") or {}).get("awsCloudMap"))


def place_of(spec: Json) -> Place | None:
    """Where the node is found; None where nobody calls it, or it is found otherwise."""
    discovery = spec.get("serviceDiscovery") or {}
    if discovery.get("awsCloudMap"):
        return Place(discovery["awsCloudMap"]["namespaceName"], discovery["awsCloudMap"]["serviceName"])
    hostname = (discovery.get("dns") or {}).get("hostname", "")
    service, _, namespace = hostname.partition(".")
    return Place(namespace, service) if namespace else None


def offers(inventory: Inventory, node: str, ledger: Ledger, found: Iterable[Way]) -> Iterator[Offered]:
    """What the node's ECS service offers; each listener's members are noted."""
    spec = inventory.nodes[node]
    place = place_of(spec)
    called = list(found)
    listeners = spec.get("listeners") or ()
    for number, listener in enumerate(listeners):
        path, port = f"listeners[{number}]", int(listener["portMapping"]["port"])
        way = next((w for w in called if w.node == node and w.node_port == port), None)
        _note_listener(ledger, path, listener)
        if place is None or way is None:
            continue
        protocol = str(listener["portMapping"]["protocol"])
        yield Offered(
            discovery_name=place.service if len(listeners) == 1 else f"{place.service}-{port}",
            port_name=f"{protocol}-{port}",
            port=port,
            protocol=protocol,
            alias={"dnsName": way.service, "port": way.port},
            timeout=_timeout(protocol, listener, _route(inventory, way)),
            authority=_authority(inventory, listener),
        )


def tags(inventory: Inventory, node: str, ledger: Ledger, found: Iterable[Way], routes: Mapping[Any, Ledger]) -> Json:
    """The tags of the node's ECS service, for what has no member; a route's members are noted in its own ledger."""
    said: dict[str, str] = {}
    for number, listener in enumerate(inventory.nodes[node].get("listeners") or ()):
        if listener.get("outlierDetection"):
            said.update(outlier_tags(ledger, f"listeners[{number}].outlierDetection", listener["outlierDetection"]))
    for way in found:
        if way.node == node and way.route is not None:
            kind, route = route_of(inventory.routes[way.route])
            if route.get("retryPolicy"):
                said.update(retry_tags(routes[way.route], f"{kind}.retryPolicy", route["retryPolicy"]))
    return said


def note(ledger: Ledger, spec: Json) -> None:
    """What becomes of those members that hang on nothing else."""
    ledger.maps("serviceDiscovery.awsCloudMap.namespaceName", "serviceConnectConfiguration.namespace")
    ledger.maps("serviceDiscovery.awsCloudMap.serviceName", "services[].discoveryName")
    ledger.stays(
        "serviceDiscovery.awsCloudMap.attributes",
        "a discovery name is one ECS service's: give each node a Cloud Map service of its own first",
    )
    ledger.maps("serviceDiscovery.dns.hostname", "serviceConnectConfiguration.namespace and services[].discoveryName")
    ledger.lost("serviceDiscovery.dns", "proxies are told who answers, and ask no DNS")
    for number, backend in enumerate(spec.get("backends") or ()):
        ledger.maps(f"backends[{number}].virtualService.virtualServiceName", _REACHABLE)
        _note_client(ledger, f"backends[{number}].virtualService.clientPolicy", backend.get("virtualService") or {})
    _note_client(ledger, "backendDefaults.clientPolicy", spec.get("backendDefaults") or {})
    log = ((spec.get("logging") or {}).get("accessLog") or {}).get("file") or {}
    if log.get("path") in _PLACES:
        ledger.maps("logging.accessLog.file.path", "accessLogConfiguration, through the service's logConfiguration")
    else:
        ledger.lost("logging.accessLog.file.path", "lines go where the service's logConfiguration says, to no file")
    form = "JSON" if (log.get("format") or {}).get("json") else "TEXT"
    ledger.lost("logging.accessLog.file.format", f"accessLogConfiguration.format={form}, with AWS's own fields")


def access_log(spec: Json) -> dict[str, str] | None:
    """The node's access log as Service Connect's; None where it has none."""
    log = ((spec.get("logging") or {}).get("accessLog") or {}).get("file")
    if not log:
        return None
    return {"format": "JSON" if (log.get("format") or {}).get("json") else "TEXT"}


def _note_listener(ledger: Ledger, path: str, listener: Json) -> None:
    ledger.maps(f"{path}.portMapping.port", "a port mapping with a name")
    ledger.maps(f"{path}.portMapping.protocol", "the port mapping's appProtocol; none is TCP")
    ledger.maps(f"{path}.timeout", "services[].timeout, with the route's: the shorter one")
    ledger.lost(
        f"{path}.healthCheck", "proxies don't ask: a container's healthCheck, and outlier detection, stand for it"
    )
    ledger.lost(f"{path}.connectionPool", "there are no limits of connections or requests")
    tls = listener.get("tls") or {}
    if (tls.get("certificate") or {}).get("acm"):
        ledger.maps(f"{path}.tls.certificate", "services[].tls: a certificate of the same authority, made and renewed")
        ledger.maps(f"{path}.tls.mode", "services[].tls" if tls.get("mode") == "STRICT" else "services[].tls; STRICT")
    ledger.stays(f"{path}.tls.certificate", _SECRETS)
    ledger.lost(f"{path}.tls.validation", "clients show no certificate in Service Connect")
    ledger.lost(f"{path}.tls.mode", _SECRETS)


def _note_client(ledger: Ledger, path: str, owner: Json) -> None:
    tls = (owner.get("clientPolicy") or {}).get("tls") or {}
    if ((tls.get("validation") or {}).get("trust") or {}).get("acm"):
        ledger.maps(f"{path}.tls.validation.trust", "callers believe the authority that the called service names")
    ledger.lost(f"{path}.tls", "who is called says whether it is encrypted; a client has nothing to say")


def _route(inventory: Inventory, way: Way) -> Json:
    return {} if way.route is None else route_of(inventory.routes[way.route])[1]


def _timeout(protocol: str, listener: Json, route: Json) -> dict[str, int]:
    of_listener = (listener.get("timeout") or {}).get(protocol) or {}
    of_route = route.get("timeout") or {}
    found = {}
    for member, name in (("idle", "idleTimeoutSeconds"), ("perRequest", "perRequestTimeoutSeconds")):
        given = [seconds(said[member]) for said in (of_listener, of_route) if said.get(member)]
        limited = [value for value in given if value] or given
        if limited and not (protocol == "tcp" and member == "perRequest"):
            found[name] = ceil(min(limited))
    return found


def _authority(inventory: Inventory, listener: Json) -> str | None:
    """The authority of a listener's certificate, as its callers' policies name it."""
    if not ((listener.get("tls") or {}).get("certificate") or {}).get("acm"):
        return None
    for spec in inventory.nodes.values():
        for said in _policies(spec):
            trust = ((said.get("tls") or {}).get("validation") or {}).get("trust") or {}
            for arn in (trust.get("acm") or {}).get("certificateAuthorityArns") or ():
                return str(arn)
    return None


def _policies(spec: Json) -> Iterator[Json]:
    yield (spec.get("backendDefaults") or {}).get("clientPolicy") or {}
    for backend in spec.get("backends") or ():
        yield (backend.get("virtualService") or {}).get("clientPolicy") or {}
