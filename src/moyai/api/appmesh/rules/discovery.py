"""Rules of the service discovery of virtual nodes.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ServiceDiscovery.html
"""

from __future__ import annotations

from moyai.api.appmesh.rules.text import Faults, host_or_address, printable
from moyai.domain.appmesh.discovery import ServiceDiscovery


def discovery(where: str, settings: ServiceDiscovery | None) -> Faults:
    """Faults of a virtual node's service discovery."""
    if settings is None:
        return
    if settings.dns is not None:
        yield from host_or_address(f"{where}.dns.hostname", settings.dns.hostname)
    if settings.aws_cloud_map is not None:
        yield from printable(f"{where}.awsCloudMap.namespaceName", settings.aws_cloud_map.namespace_name)
        yield from printable(f"{where}.awsCloudMap.serviceName", settings.aws_cloud_map.service_name)
