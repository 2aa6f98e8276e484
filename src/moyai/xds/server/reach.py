"""What a proxy may ask for the configuration of: a virtual node or virtual gateway, by whatever name it gives.

Promise: a short name (``mesh/M/virtualNode/N``) and the ARN of the same thing are one Place. Whoever may ask for a mesh
may ask for all that is in it. A certificate says what its owner may ask for by URIs: an ARN, or the path of a SPIFFE
id.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html,
https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from moyai.domain.appmesh.names import Kind, ProxyName, mesh_arn, read_proxy_name
from moyai.kernel.ids import MeshArn
from moyai.kernel.scope import Scope


class Place(NamedTuple):
    """Where in which mesh a proxy stands; whether there is such a thing is another question."""

    mesh: MeshArn
    kind: Kind
    name: str


class Reach(NamedTuple):
    """What may be asked for: one mesh, and in it one thing; without them, everything."""

    mesh: MeshArn | None = None
    kind: Kind | None = None
    name: str | None = None

    def covers(self, place: Place) -> bool:
        """Whether this may be asked for."""
        if self.mesh is None:
            return True
        return self.mesh == place.mesh and (self.kind is None or (self.kind, self.name) == (place.kind, place.name))


EVERYTHING = Reach()


def place_of(said: ProxyName, of: Scope) -> Place:
    """What a name means to whoever belongs to this account and region."""
    owner = Scope(said.mesh_owner or of.account, said.region or of.region)
    return Place(mesh_arn(owner, said.mesh), said.kind, said.name)


def read_reach(text: str, of: Scope) -> Reach | None:
    """``mesh/M`` or the name of a virtual node or gateway, or the ARN of either; None when it is none of these."""
    said = read_proxy_name(text)
    if said is not None:
        return Reach(*place_of(said, of))
    mesh = read_proxy_name(f"{text}/{Kind.VIRTUAL_NODE}/any")
    return None if mesh is None else Reach(place_of(mesh, of).mesh)


def reach_of(uris: Iterable[str], of: Scope) -> tuple[Reach, ...]:
    """What a certificate with these URIs may ask for."""
    texts = (uri if uri.startswith("arn:") else urlsplit(uri).path.removeprefix("/") for uri in uris)
    return tuple(reach for text in texts if (reach := read_reach(text, of)) is not None)
