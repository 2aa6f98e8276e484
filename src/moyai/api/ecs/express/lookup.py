"""Finds the Express service that a request names by its ARN."""

from __future__ import annotations

from typing import NamedTuple

from moyai.api.ecs.lookup import active_cluster
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.express import ExpressService
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.kernel.arn import parse_arn
from moyai.kernel.errors import ClientFault

_PATH_LENGTH = 2


class ExpressRecords(NamedTuple):
    """The records of an Express service."""

    cluster: Cluster
    service: Service
    express: ExpressService
    path: IngressPath


def find_express(ctx: Context, identifier: str, missing: type[ClientFault]) -> ExpressRecords:
    """The Express service with this ARN. Raises ClusterNotFound, InvalidParameter for an ARN of anything but an Express
    service, and ``missing`` if there is no such service.
    """
    arn = parse_arn(identifier)
    if arn is None or arn.service != "ecs" or arn.kind != "service" or len(arn.path) != _PATH_LENGTH:
        raise InvalidParameter("serviceArn must be the ARN of a service: arn:aws:ecs:…:service/<cluster>/<name>.")
    world = ctx.store.world
    cluster = active_cluster(ctx, arn.path[0])
    service = world.services.get(identifier) if arn.scope == ctx.scope else None
    if service is None or service.status is ServiceStatus.INACTIVE:
        raise missing("Service not found.")
    express = world.express_services.get(service.arn)
    if express is None:
        raise InvalidParameter(f"The service {service.arn} is not an Express service. Use the operation for services.")
    [path] = world.ingress_paths.by("service", service.arn)
    return ExpressRecords(cluster, service, express, path)
