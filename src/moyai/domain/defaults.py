"""The defaults of the whole installation, as its options set them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from moyai.domain.record import StoredRecord

KEY: Final = "defaults"
ELB_DOMAIN: Final = "elb.localhost"
"""Programs on this machine take names below ``localhost`` for the machine itself, and ask no name server."""


class ProxyTopology(StrEnum):
    """Which Envoy serves a task with Service Connect."""

    SIDECAR = "sidecar"
    """The task has an Envoy of its own."""
    NODE = "node"
    """The task shares the Envoy of its host with other tasks."""


class Defaults(StoredRecord, frozen=True, tag="defaults"):
    """The defaults; there is one record, or none, which is the same as one with nothing set."""

    live_endpoints: bool = False
    """Whether running tasks of a cluster without the tag moyai:live-endpoints can call names that were added later."""
    proxy: ProxyTopology = ProxyTopology.SIDECAR
    """The topology of new tasks in a cluster without the tag moyai:proxy."""
    traced: bool = False
    """Whether the proxies of Service Connect trace requests."""
    elb_domain: str = ELB_DOMAIN
    """The domain of the DNS names of new load balancers."""
    gateway_http_port: int | None = None
    """The port of this machine at which names of services and load balancers are called by HTTP."""
    gateway_https_port: int | None = None
    """The port of this machine at which they are called by HTTPS."""
    skipped_types: tuple[str, ...] = ()
    """The types of resources that stacks skip."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return KEY
