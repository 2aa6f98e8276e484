"""The Service Connect configuration of a service, as in the API.

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
    """The header of test requests; ``value`` None: with any value."""

    name: str
    value: ServiceConnectTestTrafficHeaderMatchRules | None = None


class ServiceConnectTestTrafficRules(msgspec.Struct, frozen=True):
    """Which requests go to the revision under test."""

    header: ServiceConnectTestTrafficHeaderRules


class ClientAlias(msgspec.Struct, frozen=True):
    """The name and port at which clients call; ``dns_name`` None = ``<discoveryName>.<namespace>``."""

    port: int
    dns_name: str | None = None
    test_traffic_rules: ServiceConnectTestTrafficRules | None = None


class Timeouts(msgspec.Struct, frozen=True):
    """Timeouts in seconds; 0 = off, None = the protocol's default."""

    idle_timeout_seconds: int | None = None
    per_request_timeout_seconds: int | None = None


class IssuerCertificateAuthority(msgspec.Struct, frozen=True):
    """The authority that signs; None = the installation's own."""

    aws_pca_authority_arn: str | None = None


class ConnectTls(msgspec.Struct, frozen=True):
    """TLS between proxies. The key and the role are only recorded: moyai has neither KMS nor IAM."""

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
        """The discovery name; by default the port's name."""
        return self.port_name if self.discovery_name is None else self.discovery_name


class AccessLogFormat(StrEnum):
    """The format of a line of the access log: text or a JSON object."""

    TEXT = "TEXT"
    JSON = "JSON"


class AccessLogConfiguration(msgspec.Struct, frozen=True):
    """Access logs of a task's proxy. ``include_query_parameters``: ENABLED or DISABLED."""

    format: AccessLogFormat
    include_query_parameters: str = "DISABLED"


class ProxyLogLevel(StrEnum):
    """The log levels of a proxy."""

    INFO = "info"
    DEBUG = "debug"


class ContainerConfiguration(msgspec.Struct, frozen=True):
    """A setting of the proxy's container; on AWS a union, so exactly one member is set."""

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
        """The proxy's log level; by default AWS's."""
        levels = (c.log_level for c in self.container_configurations or ())
        return next((level for level in levels if level is not None), ProxyLogLevel.INFO)
