"""The loop that makes keys and certificates.

Promise: authorities get their keys, and endpoints that are to be encrypted and Certificate Manager's certificates what
is to be signed for them, as soon as the world asks for it; certificates are renewed in time by the clock. Whatever
takes long is done beside the loop and only recorded if it is still wanted. Not a key is logged.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.connect.certificate import ServerCertificate, certificate_key
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityKey, AuthorityStatus, CertificateAuthority
from moyai.domain.pca.certificate import TEMPLATES
from moyai.domain.pca.trust import with_root
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import CertificateAuthorityArn, ManagedCertificateArn, ServiceArn
from moyai.plan.authorities import BUILT_IN_LIFETIME, SKEW, plan_authority, with_key
from moyai.plan.certificates import Order, plan_certificates
from moyai.ports.pki import Issuer, NewKey, Pki, Span
from moyai.ports.store import Key
from moyai.reconcile.certificates import ManagedCertificateSigner
from moyai.reconcile.work_queue import WorkQueue
from moyai.reconcile.ports import Surroundings

_WORKERS = 4
"""So that a key that takes seconds does not keep certificates waiting."""
_ROOT = "RootCACertificate/V1"


class CertificateLoop:
    """Keeps keys and certificates as the world wants them. ``renewal``: the seconds after which an endpoint's
    certificate is renewed. ``run`` it once.
    """

    def __init__(self, around: Surroundings, pki: Pki, renewal: float) -> None:
        self._around = around
        self._pki = pki
        self._managed = ManagedCertificateSigner(around.store, around.clock, pki)
        self._renewal = renewal
        self._queue = WorkQueue(around.clock)

    async def run(self) -> None:
        """Work until cancelled."""
        await self._queue.serve(self._follow(), self._bring_on, "the certificates of", workers=_WORKERS)

    async def _follow(self) -> None:
        async for keys in self._around.store.watch():
            self._ring(keys)

    def _ring(self, keys: Iterable[Key]) -> None:
        world = self._around.store.world
        for key in sorted(keys):
            if key.table in {"service", "managed_certificate"}:
                self._queue.add(key.key)
            elif key.table == "certificate_authority":
                self._queue.add(key.key)
                for service in world.services.each("authority", key.key):
                    self._queue.add(service.arn)
                for certificate in world.managed_certificates.each("authority", key.key):
                    self._queue.add(certificate.arn)

    async def _bring_on(self, key: str) -> Instant | None:
        arn = parse_arn(key)
        if arn is not None and arn.service == "acm-pca":
            return await self._authority(CertificateAuthorityArn(key))
        if arn is not None and arn.service == "acm":
            return await self._managed.bring_on(ManagedCertificateArn(key))
        wake_at = self._service(ServiceArn(key))
        await self._around.store.durable()  # nothing else would look for certificates that were rolled back
        return wake_at

    async def _authority(self, key: CertificateAuthorityArn) -> Instant | None:
        around = self._around
        plan = plan_authority(around.store.world, key, around.clock.now())
        if plan.needs_key:
            await self._make_key(key)
        elif plan.changes:
            around.store.apply(plan.changes)
        return plan.wake_at

    async def _make_key(self, key: CertificateAuthorityArn) -> None:
        world = self._around.store.world
        made = await self._pki.new_key(world.authorities[key].configuration)
        authority = world.authorities.get(key)
        if authority is None or authority.status is not AuthorityStatus.CREATING:
            return
        now = self._around.clock.now()
        own = self._self_signed(authority, made, now) if authority.built_in else None
        self._around.store.apply(with_key(authority, AuthorityKey(key, made.private), made.csr, own, now))

    def _self_signed(self, authority: CertificateAuthority, made: NewKey, now: Instant) -> AuthorityCertificate:
        issuer = Issuer(made.private, authority.configuration.signing_algorithm)
        span = Span(later(now, -SKEW), later(now, BUILT_IN_LIFETIME))
        signed = self._pki.issue(issuer, made.csr.encode(), TEMPLATES[_ROOT], span)
        return self._pki.accept(made.csr, authority.type, signed.pem.encode(), b"")

    def _service(self, key: ServiceArn) -> Instant | None:
        """Nothing is awaited between the plan and its record."""
        around = self._around
        world, now = around.store.world, around.clock.now()
        plan = plan_certificates(world, key, self._renewal, now, around.ids)
        changes = [*plan.changes, *(Put(self._certified(order, now)) for order in plan.orders)]
        if changes:
            around.store.apply(changes)
        if plan.orders:  # the next renewal is a matter of the certificates that there are now
            return plan_certificates(world, key, self._renewal, now, around.ids).wake_at
        return plan.wake_at

    def _certified(self, order: Order, now: Instant) -> ServerCertificate:
        world = self._around.store.world
        authority = world.authorities[order.authority]
        issuer = Issuer(
            world.authority_keys[order.authority].private,
            authority.configuration.signing_algorithm,
            authority.certificate,
        )
        shown = self._pki.certify(issuer, order.name, Span(order.begin, order.end))
        before = world.server_certificates.get(certificate_key(order.discovery_service, order.authority))
        return ServerCertificate(
            service=order.service,
            discovery_service=order.discovery_service,
            authority=order.authority,
            name=order.name,
            chain=shown.chain,
            private=shown.private,
            roots=with_root(() if before is None else before.roots, shown.root),
            serial=shown.serial,
            issued_at=now,
            not_after=order.end,
            renew_at=order.renew_at,
        )
