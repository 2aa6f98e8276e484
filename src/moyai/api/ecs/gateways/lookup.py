"""Finds gateways, and the clusters and services that filters name, by name or ARN."""

from __future__ import annotations

from moyai.api.ecs.lookup import NAME
from moyai.api.operation import Context
from moyai.domain.ecs.errors import GatewayNotFound, InvalidParameter
from moyai.domain.ecs.gateway import ServiceGateway
from moyai.domain.keys import scope_of
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.ids import ServiceGatewayArn


def gateway_arn(ctx: Context, identifier: str) -> ServiceGatewayArn:
    """The ARN of a gateway by its name or ARN. Raises InvalidParameter for what is neither."""
    if identifier.startswith("arn:"):
        parsed = parse_arn(identifier)
        if parsed is None or (parsed.service, parsed.kind) != ("ecs", "gateway") or len(parsed.path) != 1:
            raise InvalidParameter(f"gateway: {identifier[:200]} is not the ARN of a gateway.")
        return ServiceGatewayArn(identifier)
    if not NAME.fullmatch(identifier):
        raise InvalidParameter("gateway must be the name or the ARN of a gateway.")
    return ServiceGatewayArn(arn("ecs", ctx.scope, f"gateway/{identifier}"))


def known_gateway(ctx: Context, identifier: str) -> ServiceGateway:
    """The gateway with this name or ARN. Raises GatewayNotFound, InvalidParameter."""
    gateway = ctx.store.world.service_gateways.get(gateway_arn(ctx, identifier))
    if gateway is None or scope_of(gateway.arn) != ctx.scope:
        raise GatewayNotFound(f"The gateway {identifier[:300]} was not found.")
    return gateway


def is_named(key: str, identifier: str | None) -> bool:
    """Whether a resource with this ARN has the name or ARN of a filter, or there is no filter."""
    return identifier is None or identifier in {key, key.rpartition("/")[2]}
