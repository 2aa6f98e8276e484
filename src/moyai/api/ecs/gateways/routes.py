"""The routes of services through gateways, and the load balancers of gateways.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListGatewayRoutes.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeGatewayResources.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecs.gateways.lookup import is_named, known_gateway
from moyai.api.ecs.gateways.view import balancers_of, route_view
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.operation import Context, PageRequest
from moyai.domain.ecs.errors import InvalidParameter, ResourceNotFound
from moyai.domain.keys import scope_of
from moyai.domain.queries.ingress import route_status
from moyai.kernel.arn import parse_arn

_RESOURCES_DEFAULT, _RESOURCES_MOST = 10, 20


class DescribeGatewayRouteRequest(msgspec.Struct, frozen=True):
    gateway_route_arn: str


class DescribeGatewayResourcesRequest(PageRequest, frozen=True):
    gateway: str


class ListGatewayRoutesRequest(PageRequest, frozen=True):
    gateway: str | None = None
    cluster: str | None = None
    service: str | None = None
    service_container_port_name: str | None = None
    status: frozenset[str] = frozenset()


def describe_gateway_route(ctx: Context, request: DescribeGatewayRouteRequest) -> dict[str, object]:
    """A route with the resources behind it."""
    parsed = parse_arn(request.gateway_route_arn)
    if parsed is None or (parsed.service, parsed.kind) != ("ecs", "gateway-route"):
        raise InvalidParameter("gatewayRouteArn must be the ARN of a gateway route.")
    paths = ctx.store.world.ingress_paths.by("route", request.gateway_route_arn)
    if not paths or parsed.scope != ctx.scope:
        raise ResourceNotFound(f"The gateway route {request.gateway_route_arn[:300]} was not found.")
    return {"gateway_route": route_view(ctx.store.world, paths[0])}


def list_gateway_routes(ctx: Context, request: ListGatewayRoutesRequest) -> dict[str, object]:
    """A page of the routes with this gateway, cluster, service, port and status."""
    world = ctx.store.world
    gateway = None if request.gateway is None else known_gateway(ctx, request.gateway)
    paths = world.ingress_paths if gateway is None else world.ingress_paths.by("pool", gateway.arn)
    routes = {
        str(path.route): path
        for path in paths
        if path.route is not None
        and scope_of(path.service) == ctx.scope
        and is_named(world.services[path.service].cluster, request.cluster)
        and is_named(path.service, request.service)
        and request.service_container_port_name in {None, path.port_name}
        and (not request.status or route_status(world, path) in request.status)
    }
    filters = (request.gateway, request.cluster, request.service, request.service_container_port_name)
    listing = ("ListGatewayRoutes", *filters, *sorted(request.status))
    page = paginate(routes, PageQuery(listing, request.next_token, request.max_results))
    listed = [
        {
            "gateway_route_arn": key,
            "gateway_arn": routes[key].pool,
            "cluster_arn": world.services[routes[key].service].cluster,
            "service_arn": routes[key].service,
            "service_container_port_name": routes[key].port_name,
            "status": route_status(world, routes[key]),
        }
        for key in page.keys
    ]
    return {"gateway_routes": listed, "next_token": page.next_token}


def describe_gateway_resources(ctx: Context, request: DescribeGatewayResourcesRequest) -> dict[str, object]:
    """A page of the load balancers of a gateway."""
    gateway = known_gateway(ctx, request.gateway)
    if request.max_results is not None and not 1 <= request.max_results <= _RESOURCES_MOST:
        raise InvalidParameter(f"maxResults must be between 1 and {_RESOURCES_MOST}.")
    balancers = balancers_of(ctx.store.world, gateway)
    query = PageQuery(
        ("DescribeGatewayResources", gateway.arn), request.next_token, request.max_results, _RESOURCES_DEFAULT
    )
    page = paginate(balancers, query)
    groups = {str(arn): paths for arn, paths in balancers.items()}
    resources = [
        {
            "load_balancer_arn": key,
            "listener_arn": groups[key][0].listener,
            "security_group": groups[key][0].balancer_group,
            "gateway_route_arns": [path.route for path in groups[key]],
        }
        for key in page.keys
    ]
    return {
        "gateway_resources": {"gateway_arn": gateway.arn, "resources": {"host_shared_alb": resources}},
        "next_token": page.next_token,
    }
