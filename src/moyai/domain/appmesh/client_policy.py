"""What a client asks of the connections to its backends.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ClientPolicy.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.tls import ClientCertificate, ClientValidation


class ClientPolicyTls(msgspec.Struct, frozen=True):
    """``enforce``: None is true, ``ports``: None is all."""

    validation: ClientValidation
    certificate: ClientCertificate | None = None
    enforce: bool | None = None
    ports: tuple[int, ...] | None = None

    @property
    def enforced(self) -> bool:
        """Whether there is no connection but with TLS."""
        return self.enforce is not False

    def holds_for(self, port: int) -> bool:
        """Whether this is said of connections to the port."""
        return not self.ports or port in self.ports


class ClientPolicy(msgspec.Struct, frozen=True):
    """Without ``tls`` it asks nothing."""

    tls: ClientPolicyTls | None = None


class BackendDefaults(msgspec.Struct, frozen=True):
    """The policy for backends that have none of their own; nothing of the two is mixed."""

    client_policy: ClientPolicy | None = None
