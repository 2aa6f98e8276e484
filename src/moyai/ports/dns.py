"""The port by which the API reads what the DNS server answers."""

from __future__ import annotations

from typing import Protocol

from moyai.kernel.ids import HostedZoneId


class ServedZones(Protocol):
    """The hosted zones as DNS answers them."""

    def served_version(self, zone: HostedZoneId) -> int | None:
        """The version of the zone that queries are answered from; None where the zone is not answered."""
