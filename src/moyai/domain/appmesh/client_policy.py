"""Backends of virtual nodes, and the policies of clients for connections to them.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ClientPolicy.html, API_VirtualServiceBackend.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.tls import ClientCertificate, ClientValidation


class ClientPolicyTls(msgspec.Struct, frozen=True):
    """A client's TLS policy. ``enforce``: None is true, ``ports``: None is all."""

    validation: ClientValidation
    certificate: ClientCertificate | None = None
    enforce: bool | None = None
    ports: tuple[int, ...] | None = None

    @property
    def enforced(self) -> bool:
        """Whether every connection uses TLS."""
        return self.enforce is not False

    def holds_for(self, port: int) -> bool:
        """Whether the policy applies to connections to this port."""
        return not self.ports or port in self.ports


class ClientPolicy(msgspec.Struct, frozen=True):
    """A client's policy; without ``tls`` it has no requirements."""

    tls: ClientPolicyTls | None = None


class BackendDefaults(msgspec.Struct, frozen=True):
    """The policy of backends without one of their own; the two are never combined."""

    client_policy: ClientPolicy | None = None


class VirtualServiceBackend(msgspec.Struct, frozen=True):
    """A virtual service, by its name or its ARN; it need not exist."""

    virtual_service_name: str
    client_policy: ClientPolicy | None = None


class Backend(msgspec.Struct, frozen=True):
    """A backend; there is only one kind."""

    virtual_service: VirtualServiceBackend
