"""Certificate Manager's certificates as proxies get them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.acm.certificate import (
    CertificateContent,
    CertificateFacts,
    CertificateStatus,
    CertificateType,
    ManagedCertificate,
)
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate
from moyai.domain.queries.certificates import listener_identity, trusted_roots
from moyai.domain.world import Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ManagedCertificateArn
from moyai.kernel.secret import Secret
from moyai.plan.certificates.authority import new_built_in_authority
from moyai.plan.certificates.managed_certificate import issue_certificate
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE

ARN = ManagedCertificateArn("arn:aws:acm:us-east-1:123456789012:certificate/0")
NOW, END = Instant(0.0), Instant(1e9)
LEAF, MIDDLE, ROOT, OTHER = (
    f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n" for name in ("leaf", "middle", "root", "other")
)
ASKED = ManagedCertificate(
    arn=ARN,
    type=CertificateType.PRIVATE,
    domain_name="a.b",
    names=("a.b",),
    key_algorithm=KeyAlgorithm.RSA_2048,
    created_at=NOW,
    status=CertificateStatus.PENDING_VALIDATION,
)


@pytest.fixture
def world() -> World:
    return World()


def authority(world: World, pem: str, chain: str = "") -> str:
    changed_built_in_authority = replace(
        new_built_in_authority(SCOPE, NOW, SeededIds(1)), certificate=AuthorityCertificate(pem, chain, "01", NOW, END)
    )
    world.apply(Put(changed_built_in_authority))
    return changed_built_in_authority.arn


def issue(world: World, asked: ManagedCertificate, chain: str, root: str) -> None:
    facts = CertificateFacts(asked.names, "01", "s", "i", NOW, END, asked.key_algorithm, "SHA256WITHRSA")
    for change in issue_certificate(asked, CertificateContent(LEAF, chain, facts, NOW), Secret("key"), root, NOW):
        world.apply(change)


def test_a_private_certificates_chain_omits_the_root(world):
    key = authority(world, MIDDLE, ROOT)
    issue(world, replace(ASKED, authority=key), MIDDLE + ROOT, ROOT)
    assert listener_identity(world, ARN) == (LEAF + MIDDLE, Secret("key"), (ROOT,))


def test_an_imported_certificates_chain_is_complete_and_its_last_is_the_root(world):
    imported_asked = replace(ASKED, type=CertificateType.IMPORTED)
    issue(world, imported_asked, MIDDLE + ROOT, ROOT)
    assert listener_identity(world, ARN) == (LEAF + MIDDLE + ROOT, Secret("key"), (ROOT,))


def test_an_identity_exists_from_issuance_beyond_expiry(world):
    key = authority(world, ROOT)
    changed_asked = replace(ASKED, authority=key)
    assert listener_identity(world, ARN) is None
    world.apply(Put(changed_asked))
    assert listener_identity(world, ARN) is None
    issue(world, changed_asked, ROOT, ROOT)
    expired_managed_certificate = replace(world.managed_certificates[ARN], status=CertificateStatus.EXPIRED)
    world.apply(Put(expired_managed_certificate))
    assert listener_identity(world, ARN) == (LEAF, Secret("key"), (ROOT,))


def test_new_and_old_roots_of_an_authority_are_trusted(world):
    key = authority(world, ROOT)
    issue(world, replace(ASKED, authority=key), ROOT, ROOT)
    authority(world, OTHER)
    identity = listener_identity(world, ARN)
    assert identity is not None
    assert identity.roots == (OTHER, ROOT)
    assert trusted_roots(world, [key]) == (OTHER, ROOT)
    world.apply(Delete(ManagedCertificate, ARN))
    assert trusted_roots(world, [key]) == (OTHER,)


def test_unknown_authorities_have_no_trusted_roots(world):
    assert trusted_roots(world, ["arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/0"]) == ()
    assert trusted_roots(world, []) == ()
