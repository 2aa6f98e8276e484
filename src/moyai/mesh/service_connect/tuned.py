"""Whose tags tune what."""

from __future__ import annotations

from moyai.domain.connect.tuning import Tuning, tuning_of
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn, ServiceArn

_UNTUNED = Tuning()


def tuning_for(world: World, service: ServiceArn | None, namespace: NamespaceArn) -> Tuning:
    """What the service's tags set, in the namespace that it is in by now."""
    owner = world.services.get(service)
    view = None if owner is None else owner.view
    if owner is None or view is None or view.namespace != namespace:
        return _UNTUNED
    return tuning_of(owner.tags)
