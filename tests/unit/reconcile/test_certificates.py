"""The loop that makes keys and certificates: at once, again in time, and in the place of what was deleted meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from cryptography import x509
from msgspec.structs import replace

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import AuthorityProperties, AuthorityStatus
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import CertificateAuthorityArn, ManagedCertificateArn
from moyai.pki.library import CryptographyPki
from moyai.plan.certificates.authority import delete_authority, new_built_in_authority
from moyai.ports.pki import NewKey
from moyai.reconcile.certificates import CertificateLoop
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE, Builder, container
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

WEEK, DAY = 7 * 86400.0, 86400.0


class SlowPki(CryptographyPki):
    """Makes keys only when the test lets it."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()

    async def new_key(self, configuration: AuthorityProperties) -> NewKey:
        await self.ready.wait()
        return await super().new_key(configuration)

    async def new_request(self, algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
        await self.ready.wait()
        return await super().new_request(algorithm, names)


class CertifierRig:
    def __init__(self, pki: CryptographyPki) -> None:
        self.clock, self.store, self.ids = ManualClock(), MemoryStore(), SeededIds(3)
        self.build = Builder(self.store, self.clock, self.ids)
        self.certifier = self.another(pki)

    def another(self, pki: CryptographyPki) -> CertificateLoop:
        ports = ReconcilerPorts(self.store, SimRuntime(self.clock), Feed(BootstrapSettings()), self.clock, self.ids)
        return CertificateLoop(ports, pki, 5 * DAY)

    def ask(self, authority: CertificateAuthorityArn) -> ManagedCertificateArn:
        """Request a certificate, as RequestCertificate does."""
        arn = ManagedCertificateArn(f"arn:aws:acm:us-east-1:123456789012:certificate/{self.ids.uuid()}")
        managed_certificate = ManagedCertificate(
            arn=arn,
            type=CertificateType.PRIVATE,
            domain_name="*.howto.local",
            names=("*.howto.local",),
            key_algorithm=KeyAlgorithm.EC_prime256v1,
            created_at=self.clock.now(),
            status=CertificateStatus.PENDING_VALIDATION,
            authority=authority,
        )
        self.store.apply([Put(managed_certificate)])
        return arn

    def status(self, arn):
        return self.world.managed_certificates[arn].status

    @property
    def world(self):
        return self.store.world


@pytest.fixture
async def slow():
    return SlowPki()


@pytest.fixture
async def rig(slow):
    certifier_rig = CertifierRig(slow)
    running = asyncio.create_task(certifier_rig.certifier.run())
    await certifier_rig.clock.settle()
    yield certifier_rig
    running.cancel()


async def test_an_authority_and_its_certificates_follow_from_a_service(rig, slow):
    build = rig.build
    service = build.service("back", build.definition("back", container("api", port=9000)), offers=["api"])
    build.encrypt(service)
    await rig.clock.settle()
    assert [a.status for a in rig.world.authorities] == [AuthorityStatus.CREATING]
    slow.ready.set()
    await rig.clock.settle()
    (authority,) = rig.world.authorities
    (first,) = rig.world.server_certificates
    assert authority.status is AuthorityStatus.ACTIVE
    pem_x509_certificate = x509.load_pem_x509_certificate(first.chain.encode())
    assert pem_x509_certificate.not_valid_after_utc.timestamp() == int(rig.clock.now() + WEEK)
    pem_x509_certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(first.roots[0].encode()))
    await rig.clock.advance(5 * DAY)
    (second,) = rig.world.server_certificates
    assert second.serial != first.serial
    assert second.private != first.private


async def test_a_certificate_that_expired_during_downtime_is_renewed_at_once():
    desk = CertifierRig(CryptographyPki())
    dies = asyncio.create_task(desk.certifier.run())
    build = desk.build
    build.encrypt(build.service("back", build.definition("back", container("api", port=9000)), offers=["api"]))
    await desk.clock.settle()
    (first,) = desk.world.server_certificates
    dies.cancel()
    desk.clock.jump(8 * DAY)
    comes_after = asyncio.create_task(desk.another(CryptographyPki()).run())
    await desk.clock.settle()
    (second,) = desk.world.server_certificates
    assert first.not_after < desk.clock.now() < second.not_after
    comes_after.cancel()


async def test_a_key_for_a_deleted_authority_is_discarded(rig, slow):
    own = new_built_in_authority(SCOPE, rig.clock.now(), rig.build.ids)
    rig.store.apply([Put(own)])
    await rig.clock.settle()
    rig.store.apply(delete_authority(rig.world, own.arn))
    slow.ready.set()
    await rig.clock.settle()
    assert not list(rig.world.authorities)
    assert not list(rig.world.authority_keys)


async def test_generating_an_rsa_key_does_not_block(rig, slow):
    slow.ready.set()
    own = new_built_in_authority(SCOPE, rig.clock.now(), rig.build.ids)
    rsa = replace(
        own.configuration, key_algorithm=KeyAlgorithm.RSA_4096, signing_algorithm=SigningAlgorithm.SHA256WITHRSA
    )
    rig.store.apply([Put(replace(own, built_in=False, configuration=rsa))])
    quick = new_built_in_authority(SCOPE, rig.clock.now(), rig.build.ids)
    rig.store.apply([Put(quick)])
    await rig.clock.settle()
    assert rig.world.authorities[quick.arn].status is AuthorityStatus.ACTIVE
    async with asyncio.timeout(60):
        while rig.world.authorities[own.arn].status is AuthorityStatus.CREATING:
            await asyncio.to_thread(lambda: None)
    assert rig.world.authorities[own.arn].status is AuthorityStatus.PENDING_CERTIFICATE


async def working(desk, slow):
    """The built-in authority, once it signs; no further key is made until the test lets ``slow``."""
    own = new_built_in_authority(SCOPE, desk.clock.now(), desk.build.ids)
    desk.store.apply([Put(own)])
    slow.ready.set()
    await desk.clock.settle()
    slow.ready.clear()
    return own.arn


async def test_a_certificate_is_signed_after_a_crash(slow):
    desk = CertifierRig(slow)
    dies = asyncio.create_task(desk.certifier.run())
    certificate = desk.ask(await working(desk, slow))
    await desk.clock.settle()
    assert desk.status(certificate) is CertificateStatus.PENDING_VALIDATION
    dies.cancel()
    comes_after = asyncio.create_task(desk.another(CryptographyPki()).run())
    await desk.clock.settle()
    assert desk.status(certificate) is CertificateStatus.ISSUED
    assert [key.certificate for key in desk.world.managed_keys] == [certificate]
    comes_after.cancel()


async def test_an_authority_disabled_meanwhile_signs_nothing(rig, slow):
    authority = await working(rig, slow)
    certificate, delete_authority = rig.ask(authority), rig.ask(authority)
    await rig.clock.settle()
    rig.store.apply([Delete(ManagedCertificate, delete_authority)])
    rig.store.apply([Put(replace(rig.world.authorities[authority], status=AuthorityStatus.DISABLED))])
    slow.ready.set()
    await rig.clock.settle()
    assert rig.status(certificate) is CertificateStatus.FAILED
    assert not list(rig.world.managed_keys)


async def test_an_exported_certificate_is_renewed_in_time(rig, slow):
    certificate = rig.ask(await working(rig, slow))
    slow.ready.set()
    await rig.clock.settle()
    first = rig.world.managed_certificates[certificate]
    rig.store.apply([Put(replace(first, exported=True))])
    await rig.clock.advance(335 * DAY)
    second = rig.world.managed_certificates[certificate]
    assert first.content is not None
    assert second.content is not None
    assert second.content.facts.serial != first.content.facts.serial
    assert second.status is CertificateStatus.ISSUED
