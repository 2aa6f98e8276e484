"""Whose a proxy is, whichever API made it."""

from __future__ import annotations

from collections.abc import Callable

from moyai.domain.world import World
from moyai.kernel.ids import ProxyId
from moyai.telemetry.appmesh_reporters import MeshReporters
from moyai.telemetry.connect_reporters import service_reporter_of
from moyai.telemetry.reporters import Identify, Reporter


def identifier(world: Callable[[], World]) -> Identify:
    """Who knows every proxy of the world, as it is when it is asked."""
    of_meshes = MeshReporters(world)

    def identify(proxy: ProxyId) -> Reporter | None:
        return of_meshes.of(proxy) or service_reporter_of(world(), proxy)

    return identify
