"""What brings Certificate Manager's certificates on.

Promise: a key is made beside the loop (an RSA one takes a while) and recorded with its certificate in one step, if both
are still wanted then; a process that dies in between has recorded nothing, and the next one begins anew.
"""

from __future__ import annotations

from moyai.domain.acm.certificate import Content
from moyai.domain.pca.certificate import END_ENTITY, TEMPLATES
from moyai.domain.world import Change
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import ManagedCertificateArn
from moyai.plan.acm import SigningOrder, plan_managed, with_content
from moyai.ports.pki import Issuer, NewKey, Pki, Span
from moyai.ports.store import Store


class ManagedCertificateSigner:
    """Has certificates signed, renewed and run out, one step at a time."""

    def __init__(self, store: Store, clock: Clock, pki: Pki) -> None:
        self._store = store
        self._clock = clock
        self._pki = pki

    async def bring_on(self, key: ManagedCertificateArn) -> Instant | None:
        """Take the certificate's next step; when to come again."""
        world, now = self._store.world, self._clock.now()
        plan = plan_managed(world, key, now)
        if plan.order is None:
            if plan.changes:
                self._store.apply(plan.changes)
            return plan.wake_at
        made = await self._pki.new_request(plan.order.algorithm, plan.order.names)
        now = self._clock.now()
        order = plan_managed(world, key, now).order
        if order is None:
            return now
        self._store.apply(self._signed(order, made, now))
        return plan_managed(world, key, now).wake_at

    def _signed(self, order: SigningOrder, made: NewKey, now: Instant) -> tuple[Change, ...]:
        world, own = self._store.world, order.own
        key = world.authority_keys[order.authority.arn].private
        issuer = Issuer(key, order.authority.configuration.signing_algorithm, own)
        signed = self._pki.issue(issuer, made.csr.encode(), TEMPLATES[END_ENTITY], Span(order.begin, order.end))
        content = Content(signed.pem, own.pem + own.chain, self._pki.facts(signed.pem), now)
        certificate = world.managed_certificates[order.certificate]
        return with_content(certificate, content, made.private, own.root, now)
