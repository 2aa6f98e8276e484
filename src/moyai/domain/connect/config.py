"""The configuration a service asks for, member by member as in the API.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.domain.ecs.task_definition import LogConfiguration


class ServiceConnectTestTrafficHeaderMatchRules(msgspec.Struct, frozen=True):
    """The value that a test header must have."""

    exact: str


class ServiceConnectTestTrafficHeaderRules(msgspec.Struct, frozen=True):
    """The header that a test call has; with any value when ``value`` is None."""

    name: str
    value: ServiceConnectTestTrafficHeaderMatchRules | None = None


class ServiceConnectTestTrafficRules(msgspec.Struct, frozen=True):
    """Which calls go to the revision under test."""

    header: ServiceConnectTestTrafficHeaderRules


class ClientAlias(msgspec.Struct, frozen=True):
    """The name and port under which clients call; ``dns_name`` None = ``<discoveryName>.<namespace>``."""

    port: int
    dns_name: str | None = None
    test_traffic_rules: ServiceConnectTestTrafficRules | None = None


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds; 0 = off, None = the protocol's default."""

    idle_timeout_seconds: int | None = None
    per_request_timeout_seconds: int | None = None


class IssuerCertificateAuthority(msgspec.Struct, frozen=True):
    """Who signs; None = the installation's own authority."""

    aws_pca_authority_arn: str | None = None


class ConnectTls(msgspec.Struct, frozen=True):
    """Encryption between proxies. The key and the role are recorded only: there is no KMS and no IAM here."""

    issuer_certificate_authority: IssuerCertificateAuthority
    kms_key: str | None = None
    role_arn: str | None = None


class ServiceConnectService(msgspec.Struct, frozen=True):
    """One port offered to the namespace."""

    port_name: str
    discovery_name: str | None = None
    client_aliases: tuple[ClientAlias, ...] | None = None
    ingress_port_override: int | None = None
    timeout: Timeouts | None = None
    tls: ConnectTls | None = None

    @property
    def name(self) -> str:
        """The discovery name: as given, else the port's name."""
        return self.port_name if self.discovery_name is None else self.discovery_name


class AccessLogFormat(StrEnum):
    """One line a request: words in a fixed order, or a JSON object."""

    TEXT = "TEXT"
    JSON = "JSON"


class AccessLogConfiguration(msgspec.Struct, frozen=True):
    """Access logs of a task's proxy. ``include_query_parameters``: ENABLED or DISABLED."""

    format: AccessLogFormat
    include_query_parameters: str = "DISABLED"


class ProxyLogLevel(StrEnum):
    """How much a proxy says about itself."""

    INFO = "info"
    DEBUG = "debug"


class ContainerConfiguration(msgspec.Struct, frozen=True):
    """One setting of the proxy's container; on AWS a union, so exactly one member is set."""

    log_level: ProxyLogLevel | None = None


class ServiceConnectConfiguration(msgspec.Struct, frozen=True):
    """Service Connect of one service; no ``services`` means it is a client only."""

    enabled: bool
    namespace: str | None = None
    services: tuple[ServiceConnectService, ...] = ()
    log_configuration: LogConfiguration | None = None
    access_log_configuration: AccessLogConfiguration | None = None
    container_configurations: tuple[ContainerConfiguration, ...] | None = None

    @property
    def proxy_log_level(self) -> ProxyLogLevel:
        """As set, else AWS's default."""
        levels = (c.log_level for c in self.container_configurations or ())
        return next((level for level in levels if level is not None), ProxyLogLevel.INFO)
