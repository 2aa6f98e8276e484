"""The TLS certificates of a service's endpoints: which are missing, due for renewal, or no longer needed.

Promise: each discovery name of a deployment has a certificate of its authority. The certificate is renewed after a set
time and valid for two more days, so that it outlives a control plane that is down when the renewal is due. Callers
trust a new root before any proxy presents a certificate of it. When the authority can't sign, the present certificate
stays in use until it expires, and the service's events say what is wrong; they also say when an authority is about to
expire.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-tls.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.connect.certificate import ServerCertificate, certificate_key
from moyai.domain.connect.names import ConnectView, Offer
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.keys import scope_of
from moyai.domain.pca.authority import AuthorityStatus, with_root
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import CertificateAuthorityArn, DiscoveryServiceArn, Ids, ServiceArn
from moyai.plan import events
from moyai.plan.action import earliest
from moyai.plan.certificates.authority import CLOCK_SKEW, unable_to_sign_reason

RESERVE = 2 * 86400.0
"""Seconds that a certificate stays valid after its renewal is due; AWS's value."""
_RENEWAL_FRACTION = 5 / 7
"""The fraction of its life after which a certificate is renewed that ends early, together with its authority."""
_TRUST_LEAD_TIME = 30.0
"""Seconds for which callers trust a new root before it is needed."""
_RETRY_AFTER = 60.0
"""Seconds until an authority that can't sign is checked again."""
_SHORTEST_LIFE = 1.0


class ServerCertificateOrder(NamedTuple):
    """The order to have this authority sign a new certificate."""

    service: ServiceArn
    discovery_service: DiscoveryServiceArn
    authority: CertificateAuthorityArn
    name: str
    begin: Instant
    end: Instant
    renew_at: Instant


class CertificatePlan(NamedTuple):
    """Changes, the certificates to have signed, and when to plan again."""

    changes: tuple[Change, ...] = ()
    orders: tuple[ServerCertificateOrder, ...] = ()
    wake_at: Instant | None = None


def plan_certificates(world: World, key: ServiceArn, renewal: float, now: Instant, ids: Ids) -> CertificatePlan:
    """The next step of the certificates of one service; a new one is renewed after ``renewal`` seconds."""
    service = world.services.get(key)
    offers = () if service is None else _offers_with_tls(service)
    by_key = {certificate_key(offer.discovery_service, authority): (offer, authority) for offer, authority in offers}
    present = {c.key: c for c in world.server_certificates.by("service", key)}
    changes: list[Change] = [Delete(ServerCertificate, name) for name in present if name not in by_key]
    orders: list[ServerCertificateOrder] = []
    wakes: list[Instant] = []
    troubles = [
        t for offer, authority in by_key.values() if (t := _expiry_warning(world, offer, authority, renewal, now))
    ]
    for name, (offer, authority) in sorted(by_key.items()):
        certificate = present.get(name)
        trouble = _signing_trouble(world, key, offer, authority)
        if trouble is not None:
            troubles.append(trouble)
        elif certificate is not None and now < certificate.renew_at:
            wakes.append(certificate.renew_at)
        elif certificate is not None and (trusting := _with_new_root(world, certificate, now)) is not None:
            changes.append(Put(trusting))
            wakes.append(trusting.renew_at)
        else:
            orders += _orders(world, key, offer, authority, renewal, now)
    new = [t for t in troubles if events.should_report(world, key, t, now)]
    changes += events.announce(world, key, new, now, ids)
    return CertificatePlan(
        tuple(changes), tuple(orders), earliest(*wakes, later(now, _RETRY_AFTER) if troubles else None)
    )


def offer_without_certificate(world: World, view: ConnectView | None, now: Instant) -> Offer | None:
    """An offer of the view that has no valid certificate yet."""
    for offer in () if view is None else view.offers:
        if offer.authority is not None:
            key = certificate_key(offer.discovery_service, offer.authority)
            certificate = world.server_certificates.get(key)
            if certificate is None or certificate.not_after <= now:
                return offer
    return None


def _offers_with_tls(service: Service) -> Iterator[tuple[Offer, CertificateAuthorityArn]]:
    if service.status is ServiceStatus.INACTIVE:
        return
    for deployment in service.deployments:
        for offer in () if deployment.view is None else deployment.view.offers:
            if offer.authority is not None:
                yield offer, offer.authority


def _signing_trouble(world: World, service: ServiceArn, offer: Offer, authority: CertificateAuthorityArn) -> str | None:
    reason = unable_to_sign_reason(world, authority, scope_of(service))
    if reason is None:
        return None
    return (
        f"was unable to have the TLS certificate of {offer.discovery_name} signed. Reason: {reason}. Running tasks keep"
        " theirs until it runs out."
    )


def _expiry_warning(
    world: World, offer: Offer, key: CertificateAuthorityArn, renewal: float, now: Instant
) -> str | None:
    """The event about an authority that expires before a certificate that it signs now would; None if it does not."""
    authority = world.authorities.get(key)
    own = None if authority is None or authority.status is not AuthorityStatus.ACTIVE else authority.certificate
    if own is None or own.not_after >= later(now, renewal + RESERVE):
        return None
    end = datetime.fromtimestamp(own.not_after, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"will have no valid TLS certificate of {offer.discovery_name} after {end}. Reason: The certificate authority"
        f" {key} ends then. Import a new certificate for it before."
    )


def _with_new_root(world: World, certificate: ServerCertificate, now: Instant) -> ServerCertificate | None:
    """The certificate with its authority's new root, which callers trust a little before the renewal; None when they
    trust it already, or the certificate ends too soon to wait.
    """
    authority = world.authorities.get(certificate.authority)
    own = None if authority is None else authority.certificate
    if own is None or own.root in certificate.roots or certificate.not_after < later(now, 2 * _TRUST_LEAD_TIME):
        return None
    return replace(certificate, roots=with_root(certificate.roots, own.root), renew_at=later(now, _TRUST_LEAD_TIME))


def _orders(
    world: World, service: ServiceArn, offer: Offer, key: CertificateAuthorityArn, renewal: float, now: Instant
) -> Iterator[ServerCertificateOrder]:
    authority = world.authorities.get(key)
    discovery = world.discovery_services.get(offer.discovery_service)
    namespace = None if discovery is None else world.namespaces.get(discovery.namespace)
    if authority is None or discovery is None or namespace is None or authority.status is AuthorityStatus.CREATING:
        return
    if authority.certificate is not None:
        name = f"{discovery.name}.{namespace.name}".lower()
        end = min(later(now, renewal + RESERVE), authority.certificate.not_after)
        renew_at = later(now, max(_SHORTEST_LIFE, min(renewal, (end - now) * _RENEWAL_FRACTION)))
        yield ServerCertificateOrder(service, discovery.arn, key, name, later(now, -CLOCK_SKEW), end, renew_at)
