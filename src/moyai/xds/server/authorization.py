"""The authorizations of external proxies: for one virtual node or gateway, a whole mesh, or everything.

Promise: a short name (``mesh/M/virtualNode/N``) and the ARN of the same resource grant the same access. Access to a
mesh includes everything in it. A certificate authorizes its owner by its URIs: an ARN, or the path of a SPIFFE id.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html,
https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from moyai.domain.appmesh.identity import Identity, identity_of
from moyai.domain.appmesh.names import AppMeshResourceType
from moyai.kernel.ids import MeshArn
from moyai.kernel.scope import Scope


class Authorization(NamedTuple):
    """Access to one virtual node or gateway of a mesh; without ``kind`` and ``name`` to the whole mesh; without
    ``mesh`` to everything.
    """

    mesh: MeshArn | None = None
    kind: AppMeshResourceType | None = None
    name: str | None = None

    def covers(self, identity: Identity) -> bool:
        """Whether the configuration of this virtual node or gateway may be requested."""
        if self.mesh is None:
            return True
        workload = (identity.kind, identity.name)
        return self.mesh == identity.mesh and (self.kind is None or (self.kind, self.name) == workload)


ALL_PROXIES = Authorization()


def parse_authorization(text: str, of: Scope) -> Authorization | None:
    """Parse ``mesh/M``, the name of a virtual node or gateway, or the ARN of either; None for anything else."""
    identity = identity_of(text, of)
    if identity is not None:
        return Authorization(identity.mesh, identity.kind, identity.name)
    any_node = identity_of(f"{text}/{AppMeshResourceType.VIRTUAL_NODE}/any", of)
    return None if any_node is None else Authorization(any_node.mesh)


def authorizations_of(uris: Iterable[str], of: Scope) -> tuple[Authorization, ...]:
    """The authorizations of a certificate with these URIs; other URIs are ignored."""
    texts = (uri if uri.startswith("arn:") else urlsplit(uri).path.removeprefix("/") for uri in uris)
    authorizations = (parse_authorization(text, of) for text in texts)
    return tuple(authorization for authorization in authorizations if authorization is not None)
