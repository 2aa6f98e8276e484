"""The gateways of a service's next deployment.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/gateway-connect-service.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ecs.services.new_deployment import TaskTemplate
from moyai.api.operation import Context
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.elb.errors import ElbFault
from moyai.domain.world import Change
from moyai.plan.elb.new_records import Creation
from moyai.plan.ingress.connections import ConnectionRequest, connect_service


def connected_deployment(
    ctx: Context, service: Service, template: TaskTemplate, deployment: Deployment, *, required: bool
) -> tuple[Deployment, tuple[Change, ...]]:
    """The deployment with its connections to the gateways of the cluster, and the changes that make them. Raises
    InvalidParameter, also where there is no gateway to connect to and there has to be one (``required``).
    """
    connection = ConnectionRequest(service, template.definition, template.network, template.gateway_connectors)
    creation = Creation(ctx.scope, ctx.now, ctx.ids)
    try:
        connections = connect_service(ctx.store.world, creation, connection, required=required)
    except ElbFault as fault:
        raise InvalidParameter(f"gatewayConnectors: the load balancer can't be made: {fault}.") from fault
    return replace(deployment, connections=connections.load_balancers), connections.changes
