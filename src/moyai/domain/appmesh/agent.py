"""An App Mesh proxy, with the settings that App Mesh's agent wrote into its Envoy's bootstrap."""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.agent_settings import AgentSettings
from moyai.domain.appmesh.identity import Identity
from moyai.kernel.ids import ProxyId


class Agent(msgspec.Struct, frozen=True):
    """An App Mesh proxy. ``zone``: its availability zone; empty = unknown."""

    proxy: ProxyId
    identity: Identity
    settings: AgentSettings = AgentSettings()
    zone: str = ""
