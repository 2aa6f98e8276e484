"""Which certificates are missing, due or unneeded, and the event where no authority signs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.connect.certificate import ServerCertificate
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityStatus, CertificateAuthority
from moyai.domain.world import Put
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import CertificateAuthorityArn, ServiceArn
from moyai.kernel.secret import Secret
from moyai.plan.certificates.authority import new_built_in_authority, plan_authority
from moyai.plan.certificates.server_certificate import CertificatePlan, offer_without_certificate, plan_certificates
from moyai.testing.world import SCOPE, Builder, container

WEEK, DAY = 7 * 86400.0, 86400.0
ROOT, OTHER = (f"-----BEGIN CERTIFICATE-----\n{name}" for name in ("root", "other"))


class Authority:
    """A service with one encrypted endpoint, and an authority that signs."""

    def __init__(self) -> None:
        self.renewal = 5 * DAY
        self.build = Builder()
        self.service = self.build.service(
            "back", self.build.definition("back", container("api", port=9000)), offers=["api"]
        )
        self.build.encrypt(self.service)
        (self.authority,) = self.build.world.authorities

    def activate(self, root: str = ROOT, end: float = 365 * DAY) -> None:
        own = AuthorityCertificate(root, "", "01", self.now, later(self.now, end))
        self.put(replace(self.authority, status=AuthorityStatus.ACTIVE, certificate=own))

    def put(self, authority: CertificateAuthority) -> None:
        self.authority = authority
        self.build.book.apply([Put(authority)])

    @property
    def now(self) -> Instant:
        return self.build.clock.now()

    def plan(self) -> CertificatePlan:
        """The plan, recorded; what it orders is signed."""
        plan = plan_certificates(self.build.world, self.service, self.renewal, self.now, self.build.ids)
        own = self.authority.certificate
        changes = [
            ServerCertificate(
                service=order.service,
                discovery_service=order.discovery_service,
                authority=order.authority,
                name=order.name,
                chain="chain",
                private=Secret("key"),
                roots=() if own is None else (own.root,),
                serial="1",
                issued_at=self.now,
                not_after=order.end,
                renew_at=order.renew_at,
            )
            for order in plan.orders
        ]
        self.build.book.apply([*plan.changes, *map(Put, changes)])
        return plan

    def wait(self, seconds: float) -> None:
        self.build.clock.turn_to(later(self.now, seconds))

    @property
    def certificates(self) -> list[ServerCertificate]:
        return list(self.build.world.server_certificates)


@pytest.fixture
def signing() -> Authority:
    return Authority()


def test_a_certificate_is_ordered_once_its_authority_is_active(signing):
    assert signing.plan() == CertificatePlan()
    view = signing.build.world.services[signing.service].primary.view
    assert offer_without_certificate(signing.build.world, view, signing.now) == view.offers[0]
    signing.activate()
    (order,) = signing.plan().orders
    assert (order.name, order.begin, order.end) == ("back-api.shop", signing.now - 3600, signing.now + WEEK)
    assert offer_without_certificate(signing.build.world, view, signing.now) is None
    assert offer_without_certificate(signing.build.world, view, later(signing.now, WEEK)) == view.offers[0]
    assert signing.plan() == CertificatePlan(wake_at=Instant(signing.now + 5 * DAY))


def test_a_certificate_is_renewed_after_five_of_seven_days(signing):
    signing.activate()
    signing.plan()
    signing.wait(5 * DAY - 1)
    assert not signing.plan().orders
    signing.wait(1)
    assert len(signing.plan().orders) == 1


def test_a_certificate_is_valid_two_days_beyond_its_renewal(signing):
    signing.renewal = 20
    signing.activate()
    (order,) = signing.plan().orders
    assert (order.renew_at, order.end) == (signing.now + 20, signing.now + 20 + 2 * DAY)
    view = signing.build.world.services[signing.service].primary.view
    signing.wait(20 + 2 * DAY - 1)
    assert offer_without_certificate(signing.build.world, view, signing.now) is None
    assert len(signing.plan().orders) == 1


@pytest.mark.parametrize("renewal", [20, 5 * DAY])
def test_a_certificate_ends_with_its_authority(signing, renewal):
    signing.renewal = renewal
    signing.activate(end=2 * DAY)
    (order,) = signing.plan().orders
    assert order.end == signing.now + 2 * DAY
    assert order.renew_at == signing.now + min(renewal, 2 * DAY * 5 / 7)


def test_an_authority_that_ends_before_its_certificates_is_named_until_it_has_a_new_one(signing):
    signing.activate(end=7 * DAY + 1)
    signing.plan()
    assert signing.build.messages(signing.service) == []
    signing.wait(2)
    signing.plan()
    signing.plan()
    (message,) = signing.build.messages(signing.service)
    assert message.endswith(
        f"will have no valid TLS certificate of back-api after 2027-01-22 08:00:01 UTC. Reason: The certificate"
        f" authority {signing.authority.arn} ends then. Import a new certificate for it before."
    )
    signing.activate()
    signing.wait(7 * 3600)
    signing.plan()
    assert len(signing.build.messages(signing.service)) == 1


def test_a_new_root_is_trusted_before_its_certificates_are_used(signing):
    signing.activate()
    signing.plan()
    signing.activate(root=OTHER)
    signing.wait(5 * DAY)
    plan = signing.plan()
    assert not plan.orders
    assert plan.wake_at == signing.now + 30
    (certificate,) = signing.certificates
    assert certificate.roots == (OTHER, ROOT)
    signing.wait(30)
    assert len(signing.plan().orders) == 1


def test_a_certificate_without_a_deployment_is_removed(signing):
    signing.activate()
    signing.plan()
    service = signing.build.world.services[signing.service]
    signing.build.book.apply([Put(replace(service, status=ServiceStatus.INACTIVE))])
    signing.plan()
    assert signing.certificates == []


def test_an_authority_that_cannot_sign_is_reported_once(signing):
    signing.activate()
    signing.plan()
    signing.put(replace(signing.authority, status=AuthorityStatus.DISABLED))
    assert signing.plan().wake_at is not None
    signing.plan()
    (message,) = signing.build.messages(signing.service)
    assert f"Reason: The certificate authority {signing.authority.arn} is DISABLED, not ACTIVE." in message
    assert len(signing.certificates) == 1


def test_a_deployment_with_an_inactive_authority_is_refused(signing):
    signing.activate()
    other = replace(new_built_in_authority(SCOPE, signing.now, signing.build.ids), built_in=False)
    for status in (AuthorityStatus.CREATING, AuthorityStatus.DISABLED, AuthorityStatus.EXPIRED):
        signing.put(replace(other, status=status))
        with pytest.raises(InvalidParameter, match=f"is {status}, not ACTIVE"):
            signing.build.encrypt(signing.service, other.arn)
    with pytest.raises(InvalidParameter, match="The certificate authority arn:x does not exist"):
        signing.build.encrypt(signing.service, CertificateAuthorityArn("arn:x"))


def test_a_disabled_built_in_authority_is_replaced(signing):
    signing.put(replace(signing.authority, status=AuthorityStatus.DISABLED))
    signing.build.encrypt(signing.service)
    assert [a.built_in for a in signing.build.world.authorities] == [True, True]


def test_authorities_expire_and_deleted_ones_are_purged(signing):
    signing.activate(end=DAY)
    key = signing.authority.arn
    assert plan_authority(signing.build.world, key, signing.now).wake_at == signing.now + DAY
    signing.wait(DAY)
    (change,) = plan_authority(signing.build.world, key, signing.now).changes
    assert isinstance(change, Put)
    assert isinstance(change.record, CertificateAuthority)
    assert change.record.status is AuthorityStatus.EXPIRED
    until = later(signing.now, 7 * DAY)
    signing.put(replace(signing.authority, status=AuthorityStatus.DELETED, restorable_until=until))
    assert plan_authority(signing.build.world, key, signing.now).wake_at == until
    signing.wait(7 * DAY)
    signing.build.book.apply(plan_authority(signing.build.world, key, signing.now).changes)
    assert key not in signing.build.world.authorities


def test_a_missing_service_needs_no_certificate():
    build = Builder()
    assert plan_certificates(build.world, ServiceArn("arn:x"), DAY, Instant(0), build.ids) == CertificatePlan()
