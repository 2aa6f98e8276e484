"""How the members of a virtual node are found.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ServiceDiscovery.html
"""

from __future__ import annotations

from moyai.api.appmesh.rules.text import Faults, host_or_address, printable
from moyai.domain.appmesh.discovery import ServiceDiscovery


def discovery(where: str, said: ServiceDiscovery | None) -> Faults:
    """Of a virtual node."""
    if said is None:
        return
    if said.dns is not None:
        yield from host_or_address(f"{where}.dns.hostname", said.dns.hostname)
    if said.aws_cloud_map is not None:
        yield from printable(f"{where}.awsCloudMap.namespaceName", said.aws_cloud_map.namespace_name)
        yield from printable(f"{where}.awsCloudMap.serviceName", said.aws_cloud_map.service_name)
