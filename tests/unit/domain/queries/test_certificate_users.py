"""The users of a certificate: all resources with a listener that presents it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.appmesh.listener import GatewayListener, ListenerPort, NodeListener, PortProtocol
from moyai.domain.appmesh.tls import AcmCertificate, FileCertificate, ListenerCertificate, ListenerTls, TlsMode
from moyai.domain.appmesh.virtual_gateway import VirtualGateway, VirtualGatewaySpec
from moyai.domain.appmesh.virtual_node import VirtualNode, VirtualNodeSpec
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.queries.certificates import certificate_users, is_renewable
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, ManagedCertificateArn, MeshArn, VirtualGatewayArn, VirtualNodeArn

ARN = ManagedCertificateArn("arn:aws:acm:us-east-1:123456789012:certificate/0")
MESH = MeshArn("arn:aws:appmesh:us-east-1:123456789012:mesh/m")
NODE, GATEWAY = VirtualNodeArn(f"{MESH}/virtualNode/n"), VirtualGatewayArn(f"{MESH}/virtualGateway/g")
SHOWN = ListenerCertificate(acm=AcmCertificate(ARN))
ISSUED = ManagedCertificate(
    arn=ARN,
    type=CertificateType.PRIVATE,
    domain_name="a.b",
    names=("a.b",),
    key_algorithm=KeyAlgorithm.RSA_2048,
    created_at=Instant(0.0),
    status=CertificateStatus.ISSUED,
)


def node(*certificates: ListenerCertificate | None) -> VirtualNode:
    listeners = tuple(NodeListener(port(8080 + n), tls=tls(one)) for n, one in enumerate(certificates))
    return VirtualNode(arn=NODE, spec=VirtualNodeSpec(listeners=listeners), **common("n"))


def gateway(certificate: ListenerCertificate | None) -> VirtualGateway:
    return VirtualGateway(
        arn=GATEWAY, spec=VirtualGatewaySpec((GatewayListener(port(9080), tls=tls(certificate)),)), **common("g")
    )


def common(name: str) -> dict[str, Any]:
    account, at = AccountId("123456789012"), Instant(0.0)
    return {
        "name": name,
        "uid": name,
        "created_at": at,
        "last_updated_at": at,
        "mesh_owner": account,
        "resource_owner": account,
        "mesh": MESH,
    }


def port(number: int) -> ListenerPort:
    return ListenerPort(number, PortProtocol.HTTP)


def tls(certificate: ListenerCertificate | None) -> ListenerTls | None:
    return None if certificate is None else ListenerTls(TlsMode.STRICT, certificate)


def test_nodes_and_gateways_use_their_listeners_certificates():
    world = World()
    world.apply(Put(node(None, ListenerCertificate(file=FileCertificate("/c", "/k")))))
    assert certificate_users(world, ARN) == ()
    world.apply(Put(node(SHOWN, None, SHOWN)))
    world.apply(Put(gateway(SHOWN)))
    assert certificate_users(world, ARN) == (GATEWAY, NODE)
    world.apply(Put(node(None)))
    assert certificate_users(world, ARN) == (GATEWAY,)


def test_issued_private_certificates_in_use_or_exported_are_renewed():
    world = World()
    assert not is_renewable(world, ISSUED)
    assert is_renewable(world, replace(ISSUED, exported=True))
    world.apply(Put(gateway(SHOWN)))
    assert is_renewable(world, ISSUED)
    assert not is_renewable(world, replace(ISSUED, type=CertificateType.IMPORTED))
    assert not is_renewable(world, replace(ISSUED, status=CertificateStatus.EXPIRED))
