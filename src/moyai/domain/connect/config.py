"""The configuration a service asks for, member by member as in the API.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.ecs.task_definition import LogConfiguration


class ClientAlias(msgspec.Struct, frozen=True):
    """The name and port under which clients call; ``dns_name`` None = ``<discoveryName>.<namespace>``."""

    port: int
    dns_name: str | None = None


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds; 0 = off, None = the protocol's default."""

    idle_timeout_seconds: int | None = None
    per_request_timeout_seconds: int | None = None


class ServiceConnectService(msgspec.Struct, frozen=True):
    """One port offered to the namespace."""

    port_name: str
    discovery_name: str | None = None
    client_aliases: tuple[ClientAlias, ...] | None = None
    ingress_port_override: int | None = None
    timeout: Timeouts | None = None

    @property
    def name(self) -> str:
        """The discovery name: as given, else the port's name."""
        return self.discovery_name or self.port_name


class ServiceConnectConfiguration(msgspec.Struct, frozen=True):
    """Service Connect of one service; no ``services`` means it is a client only."""

    enabled: bool
    namespace: str | None = None
    services: tuple[ServiceConnectService, ...] = ()
    log_configuration: LogConfiguration | None = None
