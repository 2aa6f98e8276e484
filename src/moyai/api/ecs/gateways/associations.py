"""The associations of gateways with clusters.

Promise: an association is ACTIVE at once, and changes nothing before a service of the cluster is created or updated. It
is DISASSOCIATING while a service of the cluster has a route through the gateway, and then gone.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AssociateGatewayWithCluster.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.gateways.lookup import is_named, known_gateway
from moyai.api.ecs.lookup import active_cluster
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.operation import Context, PageRequest
from moyai.domain.ecs.errors import InvalidParameter, ResourceNotFound
from moyai.domain.ecs.gateway import GATEWAYS_PER_CLUSTER, GatewayAssociation, GatewayAssociationStatus, association_key
from moyai.domain.keys import scope_of
from moyai.domain.queries.ingress import routes_of_cluster
from moyai.domain.world import Delete, Put


class AssociationRequest(msgspec.Struct, frozen=True):
    """The gateway and the cluster that an operation is about."""

    gateway: str
    cluster: str


class ListGatewayClusterAssociationsRequest(PageRequest, frozen=True):
    gateway: str | None = None
    cluster: str | None = None
    status: frozenset[str] = frozenset()


def associate_gateway_with_cluster(ctx: Context, request: AssociationRequest) -> dict[str, object]:
    """Let the services of a cluster join a gateway."""
    gateway, cluster = known_gateway(ctx, request.gateway), active_cluster(ctx, request.cluster)
    table = ctx.store.world.gateway_associations
    existing = table.get(association_key(gateway.arn, cluster.arn))
    if existing is not None and existing.status is GatewayAssociationStatus.DISASSOCIATING:
        raise InvalidParameter(
            f"The gateway {gateway.name} is being disassociated from the cluster {cluster.name}. Update the services"
            " that have routes through it first."
        )
    if existing is None and table.count("cluster", cluster.arn) >= GATEWAYS_PER_CLUSTER:
        raise InvalidParameter(f"A cluster can be associated with {GATEWAYS_PER_CLUSTER} gateways.")
    association = existing or GatewayAssociation(gateway.arn, cluster.arn)
    ctx.store.apply([] if existing is not None else [Put(association)])
    return _view(association)


def disassociate_gateway_from_cluster(ctx: Context, request: AssociationRequest) -> dict[str, object]:
    """End an association, as soon as no service of the cluster has a route any more."""
    gateway, cluster = known_gateway(ctx, request.gateway), active_cluster(ctx, request.cluster)
    association = ctx.store.world.gateway_associations.get(association_key(gateway.arn, cluster.arn))
    if association is None:
        raise ResourceNotFound(f"The gateway {gateway.name} is not associated with the cluster {cluster.name}.")
    ending = replace(association, status=GatewayAssociationStatus.DISASSOCIATING)
    has_routes = any(routes_of_cluster(ctx.store.world, gateway.arn, cluster.arn))
    ctx.store.apply([Put(ending) if has_routes else Delete(GatewayAssociation, association.key)])
    return _view(ending)


def list_gateway_cluster_associations(
    ctx: Context, request: ListGatewayClusterAssociationsRequest
) -> dict[str, object]:
    """A page of the associations with this gateway, cluster and status."""
    associations = {
        association.key: association
        for association in ctx.store.world.gateway_associations
        if scope_of(association.gateway) == ctx.scope
        and is_named(association.gateway, request.gateway)
        and is_named(association.cluster, request.cluster)
        and (not request.status or association.status in request.status)
    }
    listing = ("ListGatewayClusterAssociations", request.gateway, request.cluster, *sorted(request.status))
    page = paginate(associations, PageQuery(listing, request.next_token, request.max_results))
    listed = [_view(associations[key]) for key in page.keys]
    return {"gateway_cluster_associations": listed, "next_token": page.next_token}


def _view(association: GatewayAssociation) -> dict[str, object]:
    return {
        "gateway_arn": association.gateway,
        "cluster_arn": association.cluster,
        "status": association.status,
    }
