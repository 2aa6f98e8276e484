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


class Authority:
    """An authority that signs for ten years, and the certificate that was requested from it."""

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
            changes = self.sign_order(plan.order)
        before = self.certificate.status
        self.build.book.apply(changes)
        after = self.certificate.status
        assert after is before or after in CERTIFICATE_TRANSITIONS[before]
        return plan

    def sign_order(self, order: ManagedCertificateOrder) -> Any:
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
def signing() -> Authority:
    return Authority()


def test_a_requested_certificate_is_signed_for_thirteen_months(signing):
    order = signing.plan().order
    assert order is not None
    assert (order.authority.arn, order.names) == (signing.authority.arn, ("*.howto.local",))
    assert order.end - signing.now == LIFETIME == 395 * DAY
    assert signing.certificate.status is CertificateStatus.ISSUED
    assert signing.certificate.renewal is None
    assert signing.plan() == ManagedCertificatePlan(wake_at=later(signing.now, 335 * DAY))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": AuthorityStatus.DISABLED}, FailureReason.PCA_INVALID_STATE),
        ({"status": AuthorityStatus.PENDING_CERTIFICATE, "certificate": None}, FailureReason.PCA_INVALID_STATE),
        ({"usage_mode": UsageMode.SHORT_LIVED_CERTIFICATE}, FailureReason.PCA_INVALID_DURATION),
    ],
)
def test_a_request_fails_permanently_if_the_authority_cannot_sign(signing, changes, reason):
    signing.change(**changes)
    signing.plan()
    assert (signing.certificate.status, signing.certificate.failure) == (CertificateStatus.FAILED, reason)
    signing.sign_as(ROOT)
    assert signing.plan() == ManagedCertificatePlan()


def test_expiring_and_foreign_authorities_cannot_sign(signing):
    signing.sign_as(ROOT, years=1)
    certificate = signing.certificate
    signing.plan()
    assert signing.certificate.failure is FailureReason.PCA_INVALID_DURATION
    other = CertificateAuthorityArn(signing.authority.arn.replace("us-east-1", "eu-west-1"))
    signing.put(replace(signing.authority, arn=other))
    signing.put(replace(certificate, authority=other))
    signing.plan()
    reasons = [c.failure for c in signing.build.world.managed_certificates]
    assert reasons == [FailureReason.PCA_RESOURCE_NOT_FOUND]


def test_a_request_waits_for_the_built_in_authority(signing):
    signing.change(built_in=True, status=AuthorityStatus.CREATING, certificate=None)
    assert signing.plan() == ManagedCertificatePlan()
    signing.sign_as(ROOT)
    assert signing.plan().order is not None


def test_an_exported_certificate_is_renewed_sixty_days_before_expiry(signing):
    signing.plan()
    signing.export()
    signing.wait(335 * DAY)
    assert signing.plan().order is not None
    assert signing.certificate.renewal is not None
    assert signing.certificate.renewal.status is RenewalStatus.SUCCESS
    assert signing.certificate.exported
    assert signing.plan().wake_at == later(signing.now, 335 * DAY)


def test_an_unused_certificate_expires(signing):
    signing.plan()
    signing.wait(335 * DAY)
    assert signing.plan() == ManagedCertificatePlan(wake_at=later(signing.now, HOUR))
    signing.wait(60 * DAY - 60)
    assert signing.plan() == ManagedCertificatePlan(wake_at=later(signing.now, 60))
    signing.export()
    signing.wait(60)
    signing.plan()
    assert signing.certificate.status is CertificateStatus.EXPIRED
    assert signing.plan() == ManagedCertificatePlan()


def test_a_failed_renewal_is_reported_once_and_retried(signing):
    signing.plan()
    signing.export()
    signing.change(status=AuthorityStatus.DISABLED)
    signing.wait(335 * DAY)
    assert signing.plan().wake_at == later(signing.now, HOUR)
    renewal = signing.certificate.renewal
    assert (renewal.status, renewal.reason) == (RenewalStatus.FAILED, FailureReason.PCA_INVALID_STATE)
    signing.wait(HOUR)
    assert signing.plan().changes == ()
    signing.build.book.apply([Delete(type(signing.authority), signing.authority.arn)])
    signing.plan()
    assert signing.certificate.renewal.reason is FailureReason.PCA_RESOURCE_NOT_FOUND
    assert signing.certificate.status is CertificateStatus.ISSUED
    signing.change(status=AuthorityStatus.ACTIVE)
    signing.plan()
    assert signing.certificate.renewal.status is RenewalStatus.SUCCESS


def test_a_new_root_is_trusted_before_its_certificates_are_used(signing):
    signing.plan()
    signing.export()
    signing.wait(335 * DAY)
    signing.sign_as(OTHER)
    assert signing.plan().order is None
    assert signing.certificate.roots == (OTHER, ROOT)
    assert signing.certificate.content.chain == ROOT
    assert signing.plan() == ManagedCertificatePlan(wake_at=later(signing.now, 30))
    signing.wait(30)
    assert signing.plan().order is not None
    assert signing.certificate.content.chain == OTHER
    assert signing.certificate.roots == (OTHER, ROOT)


def test_an_expiring_certificate_does_not_wait_for_trust_in_its_root(signing):
    signing.plan()
    signing.export()
    signing.wait(395 * DAY - 60)
    signing.sign_as(OTHER)
    assert signing.plan().order is not None
