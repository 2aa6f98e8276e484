"""The tables of Cloud Map, of the namespaces' sharing by Resource Access Manager, and of Route 53."""

from __future__ import annotations

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.operation import CloudMapOperation
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService, InstancesRevision
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.ram.share import Invitation, ResourceShare
from moyai.domain.route53.zone import HostedZone, HostedZoneChange, ResourceRecordSet
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import optional, scope_in_arn


class NameTables:
    """Namespaces, discovery services, instances and operations; resource shares and invitations to them; hosted zones,
    record sets and changes.
    """

    namespaces = TableSpec(
        Namespace,
        scope=scope_in_arn,
        id=lambda n: (n.id,),
        name=lambda n: (f"{scope_key(scope_of(n.arn))}/{n.name}",),
        hosted_zone=lambda n: optional(n.hosted_zone_id),
        vpc=lambda n: optional(n.vpc),
        zone_account=lambda n: () if n.hosted_zone_id is None else (scope_of(n.arn).account,),
    )
    """``name``: ``account/region/name``; ``zone_account``: the account of those with a hosted zone."""
    discovery_services = TableSpec(
        DiscoveryService,
        scope=scope_in_arn,
        namespace=lambda s: (s.namespace,),
        id=lambda s: (s.id,),
        name=lambda s: (f"{s.namespace}/{s.name}",),
        folded=lambda s: (f"{s.namespace}/{s.name.lower()}",),
        creator=lambda s: () if s.creator_request_id is None else (f"{s.namespace}/{s.creator_request_id}",),
        owner=lambda s: optional(s.owner),
    )
    """``name``: ``namespace ARN/name``; ``folded``: the same in lower case, as DNS compares names; ``creator``:
    ``namespace ARN/creator request id``.
    """
    discovery_instances = TableSpec(DiscoveryInstance, service=lambda i: (i.service,), task=lambda i: optional(i.task))
    discovery_revisions = TableSpec(InstancesRevision)
    operations = TableSpec(
        CloudMapOperation,
        scope=lambda o: (o.scope_key,),
        request=lambda o: () if o.creator_request_id is None else (o.request_key,),
        open=lambda o: () if o.finished else (o.subject,),
        coming=lambda o: () if o.finished or not o.within else (o.within,),
    )
    """``request``: ``scope/type/creator request id``; ``open``: unfinished operations, by what they change; ``coming``:
    unfinished operations, by what they add something to.
    """

    resource_shares = TableSpec(
        ResourceShare,
        scope=scope_in_arn,
        resource=lambda s: tuple(shared.entity for shared in s.resources),
        consumer=lambda s: tuple(f"{principal.entity}/{scope_of(s.arn).region}" for principal in s.principals),
    )
    """``resource``: the ARNs of the shared resources; ``consumer``: the scopes that it is shared with."""
    invitations = TableSpec(
        Invitation, share=lambda i: (i.share,), receiver=lambda i: (f"{i.receiver}/{scope_of(i.arn).region}",)
    )
    """``receiver``: the invited account's scope."""

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
