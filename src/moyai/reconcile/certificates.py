"""The loop that makes keys and certificates.

Promise: certificate authorities get their keys, and encrypted endpoints and Certificate Manager's records their
certificates, as soon as the World needs them; certificates are renewed in time. Making a key may take long, so it is
awaited, and the key is recorded with its certificate in one step, if both are still needed then. A process that ends in
between has recorded nothing, and the next process begins again. No key is logged.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.acm.certificate import CertificateContent
from moyai.domain.connect.certificate import ServerCertificate, certificate_key
from moyai.domain.pca.authority import (
    AuthorityCertificate,
    AuthorityKey,
    AuthorityStatus,
    CertificateAuthority,
    with_root,
)
from moyai.domain.pca.certificate import END_ENTITY, TEMPLATES
from moyai.domain.world import Change, Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.ids import CertificateAuthorityArn, ManagedCertificateArn, ServiceArn
from moyai.plan.certificates.authority import BUILT_IN_LIFETIME, CLOCK_SKEW, plan_authority, record_key
from moyai.plan.certificates.managed_certificate import (
    ManagedCertificateOrder,
    issue_certificate,
    plan_managed_certificate,
)
from moyai.plan.certificates.server_certificate import ServerCertificateOrder, plan_certificates
from moyai.ports.pki import Issuer, NewKey, Pki, ValidityPeriod
from moyai.ports.store import Key, Store
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue

_WORKERS = 4
"""Keys and certificates made at the same time: a key that takes seconds does not delay certificates."""
_ROOT = "RootCACertificate/V1"
_TABLES = frozenset({"service", "managed_certificate", "certificate_authority"})


class CertificateLoop:
    """Makes keys and certificates. ``renewal``: the seconds after which an endpoint's certificate is renewed. ``run``
    it once.
    """

    def __init__(self, ports: ReconcilerPorts, pki: Pki, renewal: float) -> None:
        self._ports = ports
        self._pki = pki
        self._managed = ManagedCertificateSigner(ports.store, ports.clock, pki)
        self._renewal = renewal
        self._queue = WorkQueue(ports.clock)

    async def run(self) -> None:
        """Make the keys and certificates that are due, until cancelled."""
        store, name = self._ports.store, "the certificates of"
        await self._queue.serve(store, self._concerned_arns, self._reconcile, name, workers=_WORKERS)

    def _concerned_arns(self, keys: Iterable[Key]) -> set[str]:
        """The authorities, services and managed certificates that these changes concern."""
        world = self._ports.store.world
        arns = {key.key for key in keys if key.table in _TABLES}
        for key in keys:
            if key.table == "certificate_authority":
                arns |= {service.arn for service in world.services.each("authority", key.key)}
                arns |= {certificate.arn for certificate in world.managed_certificates.each("authority", key.key)}
        return arns

    async def _reconcile(self, key: str) -> Instant | None:
        arn = parse_arn(key)
        if arn is not None and arn.service == "acm-pca":
            return await self._reconcile_authority(CertificateAuthorityArn(key))
        if arn is not None and arn.service == "acm":
            return await self._managed.advance(ManagedCertificateArn(key))
        wake_at = self._reconcile_service(ServiceArn(key))
        await self._ports.store.durable()  # a rolled back certificate would cause no notification
        return wake_at

    async def _reconcile_authority(self, key: CertificateAuthorityArn) -> Instant | None:
        plan = plan_authority(self._ports.store.world, key, self._ports.clock.now())
        if plan.needs_key:
            await self._make_key(key)
        elif plan.changes:
            self._ports.store.apply(plan.changes)
        return plan.wake_at

    async def _make_key(self, arn: CertificateAuthorityArn) -> None:
        world = self._ports.store.world
        key = await self._pki.new_key(world.authorities[arn].configuration)
        authority = world.authorities.get(arn)
        if authority is None or authority.status is not AuthorityStatus.CREATING:
            return
        now = self._ports.clock.now()
        certificate = self._self_sign(authority, key, now) if authority.built_in else None
        self._ports.store.apply(record_key(authority, AuthorityKey(arn, key.private), key.csr, certificate, now))

    def _self_sign(self, authority: CertificateAuthority, key: NewKey, now: Instant) -> AuthorityCertificate:
        issuer = Issuer(key.private, authority.configuration.signing_algorithm)
        span = ValidityPeriod(later(now, -CLOCK_SKEW), later(now, BUILT_IN_LIFETIME))
        root = self._pki.issue(issuer, key.csr.encode(), TEMPLATES[_ROOT], span)
        return self._pki.accept_authority(key.csr, authority.type, root.pem.encode(), b"")

    def _reconcile_service(self, key: ServiceArn) -> Instant | None:
        """Plan, sign and record without awaiting anything in between."""
        world, now = self._ports.store.world, self._ports.clock.now()
        plan = plan_certificates(world, key, self._renewal, now, self._ports.ids)
        changes = [*plan.changes, *(Put(self._sign(order, now)) for order in plan.orders)]
        if changes:
            self._ports.store.apply(changes)
        if plan.orders:  # the next renewal depends on the certificates that exist now
            return plan_certificates(world, key, self._renewal, now, self._ports.ids).wake_at
        return plan.wake_at

    def _sign(self, order: ServerCertificateOrder, now: Instant) -> ServerCertificate:
        world = self._ports.store.world
        authority = world.authorities[order.authority]
        issuer = Issuer(
            world.authority_keys[order.authority].private,
            authority.configuration.signing_algorithm,
            authority.certificate,
        )
        certificate = self._pki.certify(issuer, order.name, ValidityPeriod(order.begin, order.end))
        before = world.server_certificates.get(certificate_key(order.discovery_service, order.authority))
        return ServerCertificate(
            service=order.service,
            discovery_service=order.discovery_service,
            authority=order.authority,
            name=order.name,
            chain=certificate.chain,
            private=certificate.private,
            roots=with_root(() if before is None else before.roots, certificate.root),
            serial=certificate.serial,
            issued_at=now,
            not_after=order.end,
            renew_at=order.renew_at,
        )


class ManagedCertificateSigner:
    """Signs, renews and expires Certificate Manager's certificates, one step at a time."""

    def __init__(self, store: Store, clock: Clock, pki: Pki) -> None:
        self._store = store
        self._clock = clock
        self._pki = pki

    async def advance(self, arn: ManagedCertificateArn) -> Instant | None:
        """Take the certificate's next step; returns when the certificate is due again."""
        world, now = self._store.world, self._clock.now()
        plan = plan_managed_certificate(world, arn, now)
        if plan.order is None:
            if plan.changes:
                self._store.apply(plan.changes)
            return plan.wake_at
        key = await self._pki.new_request(plan.order.algorithm, plan.order.names)
        now = self._clock.now()
        order = plan_managed_certificate(world, arn, now).order
        if order is None:
            return now
        self._store.apply(self._sign(order, key, now))
        return plan_managed_certificate(world, arn, now).wake_at

    def _sign(self, order: ManagedCertificateOrder, key: NewKey, now: Instant) -> tuple[Change, ...]:
        world, ca = self._store.world, order.own
        private = world.authority_keys[order.authority.arn].private
        issuer = Issuer(private, order.authority.configuration.signing_algorithm, ca)
        leaf = self._pki.issue(issuer, key.csr.encode(), TEMPLATES[END_ENTITY], ValidityPeriod(order.begin, order.end))
        content = CertificateContent(leaf.pem, ca.pem + ca.chain, self._pki.facts(leaf.pem), now)
        certificate = world.managed_certificates[order.certificate]
        return issue_certificate(certificate, content, key.private, ca.root, now)
