"""Service registries: the Cloud Map services in which a service's tasks are registered.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRegistry.html
"""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import DiscoveryServiceArn


class ServiceRegistry(msgspec.Struct, frozen=True):
    """A Cloud Map service, and the port for its SRV records: by number, or as a container's."""

    registry_arn: DiscoveryServiceArn = DiscoveryServiceArn("")
    port: int | None = None
    container_name: str | None = None
    container_port: int | None = None

    @property
    def srv_port(self) -> int | None:
        """The port that an SRV record names, or None; with awsvpc a container's port is its task's."""
        return self.container_port if self.port is None else self.port
