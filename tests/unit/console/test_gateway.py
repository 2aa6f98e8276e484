"""The URLs of listeners that the console shows: a name leads to one load balancer."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.console.gateway import GatewayPorts
from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.defaults import Defaults
from moyai.domain.elb.load_balancer import LoadBalancer, Scheme
from moyai.domain.elb.rule import Listener, ListenerProtocol
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, ListenerArn, LoadBalancerArn, ManagedCertificateArn, Region
from moyai.kernel.scope import Scope
from moyai.store.memory import MemoryStore
from moyai.testing.load_balancers import listener, load_balancer
from tests.unit.console.test_app import json_body, request

REGION = Region("us-east-1")
OWN, OTHER = (Scope(AccountId(account), REGION) for account in ("123456789012", "111111111111"))
NAME = "shop.test"


def records(scope: Scope, name: str) -> tuple[LoadBalancer, Listener, ManagedCertificate]:
    """A public load balancer whose HTTPS listener has a certificate for NAME."""
    certificate = ManagedCertificate(
        arn=ManagedCertificateArn(arn("acm", scope, f"certificate/{name}")),
        type=CertificateType.PRIVATE,
        domain_name=NAME,
        names=(NAME,),
        key_algorithm=KeyAlgorithm.RSA_2048,
        created_at=Instant(0.0),
        status=CertificateStatus.ISSUED,
    )
    key = LoadBalancerArn(arn("elasticloadbalancing", scope, f"loadbalancer/app/{name}/0123456789abcdef"))
    at = replace(
        listener(scope, 443),
        arn=ListenerArn(arn("elasticloadbalancing", scope, f"listener/app/{name}/0123456789abcdef/0")),
        load_balancer=key,
        protocol=ListenerProtocol.HTTPS,
        certificates=(certificate.arn,),
    )
    balancer = load_balancer(scope)
    nodes = tuple(
        replace(node, interface=replace(node.interface, public_address=f"127.83.{len(name)}.{number}"))
        for number, node in enumerate(balancer.nodes)
    )
    public = replace(
        balancer, arn=key, scheme=Scheme.INTERNET_FACING, nodes=nodes, dns_name=f"{name}.us-east-1.elb.localhost"
    )
    return public, at, certificate


async def test_a_certificates_name_is_shown_at_the_load_balancer_that_it_leads_to():
    store = MemoryStore((*records(OWN, "b"), *records(OTHER, "aa"), Defaults(gateway_https_port=8443)))
    gateway = GatewayPorts(store)
    everything = json_body(await gateway.answer(request("GET", "data/gateway"), None))
    assert [(at["port"], at["url"]) for at in everything["listeners"]] == [
        (443, "https://b.us-east-1.elb.localhost:8443"),
        (443, f"https://{NAME}:8443"),
    ]
    own = json_body(await gateway.answer(request("GET", "data/gateway"), OWN.account))
    assert own["listeners"] == everything["listeners"][:1]
    assert own["listeners"][0]["loadBalancer"].endswith("loadbalancer/app/b/0123456789abcdef")
