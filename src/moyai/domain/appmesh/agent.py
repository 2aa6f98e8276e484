"""One App Mesh proxy with everything that App Mesh's agent would write into its Envoy's bootstrap."""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.agent_settings import AgentSettings
from moyai.domain.appmesh.identity import Identity
from moyai.kernel.ids import ProxyId


class Agent(msgspec.Struct, frozen=True):
    """``zone``: where the proxy is; empty = nobody knows."""

    proxy: ProxyId
    identity: Identity
    settings: AgentSettings = AgentSettings()
    zone: str = ""
