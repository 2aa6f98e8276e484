"""What a proxy may ask for the configuration of: a virtual node or virtual gateway, by whatever name it gives.

Promise: a short name (``mesh/M/virtualNode/N``) and the ARN of the same thing reach as far. Whoever may ask for a mesh
may ask for all that is in it. A certificate says what its owner may ask for by URIs: an ARN, or the path of a SPIFFE
id.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html,
https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from moyai.domain.appmesh.identity import Identity, identity_of
from moyai.domain.appmesh.names import Kind
from moyai.kernel.ids import MeshArn
from moyai.kernel.scope import Scope


class Reach(NamedTuple):
    """What may be asked for: one mesh, and in it one thing; without them, everything."""

    mesh: MeshArn | None = None
    kind: Kind | None = None
    name: str | None = None

    def covers(self, whom: Identity) -> bool:
        """Whether this may be asked for."""
        if self.mesh is None:
            return True
        return self.mesh == whom.mesh and (self.kind is None or (self.kind, self.name) == (whom.kind, whom.name))


EVERYTHING = Reach()


def read_reach(text: str, of: Scope) -> Reach | None:
    """``mesh/M`` or the name of a virtual node or gateway, or the ARN of either; None when it is none of these."""
    whom = identity_of(text, of)
    if whom is not None:
        return Reach(whom.mesh, whom.kind, whom.name)
    anyone = identity_of(f"{text}/{Kind.VIRTUAL_NODE}/any", of)
    return None if anyone is None else Reach(anyone.mesh)


def reach_of(uris: Iterable[str], of: Scope) -> tuple[Reach, ...]:
    """What a certificate with these URIs may ask for."""
    texts = (uri if uri.startswith("arn:") else urlsplit(uri).path.removeprefix("/") for uri in uris)
    return tuple(reach for text in texts if (reach := read_reach(text, of)) is not None)
