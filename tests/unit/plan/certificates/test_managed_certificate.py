"""A certificate of Certificate Manager, step by step: signed or failed, renewed in time or run out."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.acm.certificate import (
    CERTIFICATE_TRANSITIONS,
    CertificateContent,
    CertificateFacts,
    CertificateStatus,
    CertificateType,
    FailureReason,
    ManagedCertificate,
    RenewalStatus,
)
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityStatus, UsageMode
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import CertificateAuthorityArn, ManagedCertificateArn
from moyai.kernel.secret import Secret
from moyai.plan.certificates.authority import new_built_in_authority
from moyai.plan.certificates.managed_certificate import (
    LIFETIME,
    ManagedCertificateOrder,
    ManagedCertificatePlan,
    issue_certificate,
    plan_managed_certificate,
)
from moyai.testing.world import SCOPE, Builder

DAY, HOUR = 86400.0, 3600.0
ARN = ManagedCertificateArn("arn:aws:acm:us-east-1:123456789012:certificate/0")
ROOT, OTHER = (f"-----BEGIN CERTIFICATE-----\n{name}\n" for name in ("root", "other"))


class Desk:
    """One certificate that was asked for, and an authority that signs for ten years."""

    def __init__(self) -> None:
        self.build = Builder()
        own = new_built_in_authority(SCOPE, self.now, self.build.ids)
        self.authority = replace(own, built_in=False)
        self.sign_as(ROOT)
        self.put(
            ManagedCertificate(
                arn=ARN,
                type=CertificateType.PRIVATE,
                domain_name="*.howto.local",
                names=("*.howto.local",),
                key_algorithm=KeyAlgorithm.RSA_2048,
                created_at=self.now,
                status=CertificateStatus.PENDING_VALIDATION,
                authority=self.authority.arn,
            )
        )

    def sign_as(self, root: str, years: int = 10) -> None:
        own = AuthorityCertificate(root, "", "01", self.now, later(self.now, years * 365 * DAY))
        self.change(status=AuthorityStatus.ACTIVE, certificate=own)

    def change(self, **changes: Any) -> None:
        self.authority = replace(self.authority, **changes)
        self.put(self.authority)

    def put(self, record: Any) -> None:
        self.build.book.apply([Put(record)])

    @property
    def now(self) -> Instant:
        return self.build.clock.now()

    @property
    def certificate(self) -> ManagedCertificate:
        return self.build.world.managed_certificates[ARN]

    def plan(self) -> ManagedCertificatePlan:
        """The plan, recorded; what it orders is signed."""
        plan = plan_managed_certificate(self.build.world, ARN, self.now)
        changes = plan.changes
        if plan.order is not None:
            changes = self.signed(plan.order)
        before = self.certificate.status
        self.build.book.apply(changes)
        after = self.certificate.status
        assert after is before or after in CERTIFICATE_TRANSITIONS[before]
        return plan

    def signed(self, order: ManagedCertificateOrder) -> Any:
        facts = CertificateFacts(
            order.names, "01", "s", "i", order.begin, order.end, order.algorithm, "SHA256WITHECDSA"
        )
        content = CertificateContent("leaf\n", order.own.pem + order.own.chain, facts, self.now)
        return issue_certificate(self.certificate, content, Secret("key"), order.own.root, self.now)

    def wait(self, seconds: float) -> None:
        self.build.clock.turn_to(later(self.now, seconds))

    def export(self) -> None:
        self.put(replace(self.certificate, exported=True))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_requested_certificate_is_signed_for_thirteen_months(desk):
    order = desk.plan().order
    assert order is not None
    assert (order.authority.arn, order.names) == (desk.authority.arn, ("*.howto.local",))
    assert order.end - desk.now == LIFETIME == 395 * DAY
    assert desk.certificate.status is CertificateStatus.ISSUED
    assert desk.certificate.renewal is None
    assert desk.plan() == ManagedCertificatePlan(wake_at=later(desk.now, 335 * DAY))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": AuthorityStatus.DISABLED}, FailureReason.PCA_INVALID_STATE),
        ({"status": AuthorityStatus.PENDING_CERTIFICATE, "certificate": None}, FailureReason.PCA_INVALID_STATE),
        ({"usage_mode": UsageMode.SHORT_LIVED_CERTIFICATE}, FailureReason.PCA_INVALID_DURATION),
    ],
)
def test_a_request_fails_permanently_if_the_authority_cannot_sign(desk, changes, reason):
    desk.change(**changes)
    desk.plan()
    assert (desk.certificate.status, desk.certificate.failure) == (CertificateStatus.FAILED, reason)
    desk.sign_as(ROOT)
    assert desk.plan() == ManagedCertificatePlan()


def test_expiring_and_foreign_authorities_cannot_sign(desk):
    desk.sign_as(ROOT, years=1)
    asked = desk.certificate
    desk.plan()
    assert desk.certificate.failure is FailureReason.PCA_INVALID_DURATION
    other = CertificateAuthorityArn(desk.authority.arn.replace("us-east-1", "eu-west-1"))
    desk.put(replace(desk.authority, arn=other))
    desk.put(replace(asked, authority=other))
    desk.plan()
    reasons = [c.failure for c in desk.build.world.managed_certificates]
    assert reasons == [FailureReason.PCA_RESOURCE_NOT_FOUND]


def test_a_request_waits_for_the_built_in_authority(desk):
    desk.change(built_in=True, status=AuthorityStatus.CREATING, certificate=None)
    assert desk.plan() == ManagedCertificatePlan()
    desk.sign_as(ROOT)
    assert desk.plan().order is not None


def test_an_exported_certificate_is_renewed_sixty_days_before_expiry(desk):
    desk.plan()
    desk.export()
    desk.wait(335 * DAY)
    assert desk.plan().order is not None
    assert desk.certificate.renewal is not None
    assert desk.certificate.renewal.status is RenewalStatus.SUCCESS
    assert desk.certificate.exported
    assert desk.plan().wake_at == later(desk.now, 335 * DAY)


def test_an_unused_certificate_expires(desk):
    desk.plan()
    desk.wait(335 * DAY)
    assert desk.plan() == ManagedCertificatePlan(wake_at=later(desk.now, HOUR))
    desk.wait(60 * DAY - 60)
    assert desk.plan() == ManagedCertificatePlan(wake_at=later(desk.now, 60))
    desk.export()
    desk.wait(60)
    desk.plan()
    assert desk.certificate.status is CertificateStatus.EXPIRED
    assert desk.plan() == ManagedCertificatePlan()


def test_a_failed_renewal_is_reported_once_and_retried(desk):
    desk.plan()
    desk.export()
    desk.change(status=AuthorityStatus.DISABLED)
    desk.wait(335 * DAY)
    assert desk.plan().wake_at == later(desk.now, HOUR)
    failed = desk.certificate.renewal
    assert (failed.status, failed.reason) == (RenewalStatus.FAILED, FailureReason.PCA_INVALID_STATE)
    desk.wait(HOUR)
    assert desk.plan().changes == ()
    desk.build.book.apply([Delete(type(desk.authority), desk.authority.arn)])
    desk.plan()
    assert desk.certificate.renewal.reason is FailureReason.PCA_RESOURCE_NOT_FOUND
    assert desk.certificate.status is CertificateStatus.ISSUED
    desk.change(status=AuthorityStatus.ACTIVE)
    desk.plan()
    assert desk.certificate.renewal.status is RenewalStatus.SUCCESS


def test_a_new_root_is_trusted_before_its_certificates_are_used(desk):
    desk.plan()
    desk.export()
    desk.wait(335 * DAY)
    desk.sign_as(OTHER)
    assert desk.plan().order is None
    assert desk.certificate.roots == (OTHER, ROOT)
    assert desk.certificate.content.chain == ROOT
    assert desk.plan() == ManagedCertificatePlan(wake_at=later(desk.now, 30))
    desk.wait(30)
    assert desk.plan().order is not None
    assert desk.certificate.content.chain == OTHER
    assert desk.certificate.roots == (OTHER, ROOT)


def test_an_expiring_certificate_does_not_wait_for_trust_in_its_root(desk):
    desk.plan()
    desk.export()
    desk.wait(395 * DAY - 60)
    desk.sign_as(OTHER)
    assert desk.plan().order is not None
