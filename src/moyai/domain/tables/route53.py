"""The tables of Route 53."""

from __future__ import annotations

from moyai.domain.route53.zone import HostedZone, HostedZoneChange, ResourceRecordSet
from moyai.domain.table import TableSpec


class Route53Tables:
    """Hosted zones, record sets, and changes."""

    hosted_zones = TableSpec(
        HostedZone,
        account=lambda z: (z.account,),
        reference=lambda z: (f"{z.account}/{z.caller_reference}",),
        vpc=lambda z: tuple(vpc.id for vpc in z.vpcs),
    )
    """``reference``: ``account/caller reference``."""
    record_sets = TableSpec(ResourceRecordSet, zone=lambda r: (r.zone,), name=lambda r: (f"{r.zone} {r.name}",))
    """``name``: ``zone name``."""
    hosted_zone_changes = TableSpec(HostedZoneChange, account=lambda c: (c.account,))
