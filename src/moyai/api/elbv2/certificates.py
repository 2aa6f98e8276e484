"""The certificates of listeners in addition to the default one.

Promise: clients get the certificate that matches the server name that they send, and the default one otherwise.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddListenerCertificates.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.listener_settings import CertificateRequest, certificate_of
from moyai.api.elbv2.lookup import LISTENER, MAX_PAGE, MarkerPageRequest, invalid_marker, resource_of
from moyai.api.operation import Context
from moyai.domain.elb.errors import OperationNotPermitted, TooManyCertificates
from moyai.domain.elb.quotas import CERTIFICATES
from moyai.domain.elb.rule import Listener
from moyai.domain.paging import page
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput


class ListenerCertificatesRequest(msgspec.Struct, frozen=True):
    """Certificates of a listener."""

    listener_arn: str
    certificates: tuple[CertificateRequest, ...]


class DescribeListenerCertificatesRequest(MarkerPageRequest, frozen=True, kw_only=True):
    listener_arn: str


def add_listener_certificates(ctx: Context, request: ListenerCertificatesRequest) -> dict[str, object]:
    """Add certificates to a listener; those that it has already stay."""
    listener = _encrypted_listener(ctx, request.listener_arn)
    added = dict.fromkeys(certificate_of(ctx, certificate) for certificate in request.certificates)
    certificates = tuple(dict.fromkeys((*listener.certificates, *added)))
    others = ctx.store.world.listeners.each("load_balancer", listener.load_balancer)
    extra = sum(len(other.certificates[1:]) for other in others if other.arn != listener.arn) + len(certificates[1:])
    if extra > CERTIFICATES:
        raise TooManyCertificates(f"A load balancer has at most {CERTIFICATES} certificates beside the default ones")
    ctx.store.apply([Put(replace(listener, certificates=certificates))])
    return {"certificates": [{"certificate_arn": arn, "is_default": arn == certificates[0]} for arn in added]}


def remove_listener_certificates(ctx: Context, request: ListenerCertificatesRequest) -> None:
    """Remove certificates from a listener, but not its default one."""
    listener = _encrypted_listener(ctx, request.listener_arn)
    removed = {certificate.certificate_arn for certificate in request.certificates}
    if listener.certificates[0] in removed:
        raise OperationNotPermitted(
            f"Default certificate '{listener.certificates[0]}' cannot be removed; ModifyListener replaces it"
        )
    remaining = tuple(arn for arn in listener.certificates if arn not in removed)
    ctx.store.apply([Put(replace(listener, certificates=remaining))])


def describe_listener_certificates(ctx: Context, request: DescribeListenerCertificatesRequest) -> dict[str, object]:
    """The certificates of a listener."""
    listener = resource_of(ctx, LISTENER, request.listener_arn)
    listing = ("certificates", listener.arn)
    size = request.page_size or MAX_PAGE
    arns, marker = page(listener.certificates, listing, request.marker, size, fault=invalid_marker)
    views = [{"certificate_arn": arn, "is_default": arn == listener.certificates[0]} for arn in arns]
    return {"certificates": views, "next_marker": marker}


def _encrypted_listener(ctx: Context, arn: str) -> Listener:
    listener = resource_of(ctx, LISTENER, arn)
    if not listener.protocol.is_encrypted:
        raise InvalidInput(f"A certificate cannot be specified for {listener.protocol} listeners")
    return listener
