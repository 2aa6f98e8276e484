"""A discovery service as its callers in its namespace have it."""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.tuning import Tuning
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn
from moyai.mesh.service_connect.projections import ConnectService, connect_services

_UNTUNED = Tuning()


class Called(NamedTuple):
    """``name`` is its name in the mesh; ``owner`` the ECS service that offers it, if one does, whose tags are
    ``tuning``.
    """

    service: DiscoveryService
    name: str
    owner: ConnectService | None
    tuning: Tuning


def called_in(world: World, namespace: Namespace, service: DiscoveryService) -> Called:
    """The service, called by tasks of the namespace."""
    owner = connect_services(world).get(service.owner)
    return Called(service, mesh_name(namespace, service), owner, tuning_in(namespace.arn, owner))


def tuning_in(namespace: NamespaceArn, owner: ConnectService | None) -> Tuning:
    """What the service's tags set, in the namespace that it is in by now."""
    return _UNTUNED if owner is None or owner.namespace != namespace else owner.tuning


def mesh_name(namespace: Namespace, service: DiscoveryService) -> str:
    """Readable, and unique over all accounts and regions because the service's id is."""
    return f"{service.name}.{namespace.name}/{service.id}"
