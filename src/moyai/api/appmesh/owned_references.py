"""Checks that the certificates and authorities that a spec refers to are of the resource's own account.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/sharing.html#sharing-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.appmesh.client_policy import ClientPolicy
from moyai.domain.appmesh.errors import Forbidden
from moyai.domain.appmesh.virtual_gateway import VirtualGatewaySpec
from moyai.domain.appmesh.virtual_node import VirtualNodeSpec
from moyai.domain.keys import scope_of
from moyai.kernel.ids import AccountId


def check_owned_references(owner: AccountId, spec: VirtualNodeSpec | VirtualGatewaySpec) -> None:
    """Raises Forbidden for the ARN of another account's certificate or authority."""
    for arn in _arns(spec):
        if scope_of(arn).account != owner:
            raise Forbidden(f"{arn[:200]} belongs to another account than the resource, whose owner is {owner}.")


def _arns(spec: VirtualNodeSpec | VirtualGatewaySpec) -> Iterator[str]:
    for listener in spec.listeners or ():
        if listener.tls is not None and listener.tls.certificate.acm is not None:
            yield listener.tls.certificate.acm.certificate_arn
    policies = [None if spec.backend_defaults is None else spec.backend_defaults.client_policy]
    if isinstance(spec, VirtualNodeSpec):
        policies += [backend.virtual_service.client_policy for backend in spec.backends or ()]
    for policy in policies:
        yield from _authorities(policy)


def _authorities(policy: ClientPolicy | None) -> tuple[str, ...]:
    tls = None if policy is None else policy.tls
    acm = None if tls is None else tls.validation.trust.acm
    return () if acm is None else acm.certificate_authority_arns
