"""TLS between proxies: what is on the wire, certificates renewed and encryption switched under load, keys kept in."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from tests.e2e.installation import Installation
from tests.e2e.sparse import written_bytes
from tests.e2e.stack import Cluster, Probe, app, offer, port_health_check, task_id
from tests.e2e.waiting import eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

RENEWAL = 10
"""Seconds after which each certificate is renewed; it is valid for two days more."""
AWAY = 3 * RENEWAL
"""Seconds without a control plane."""
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}
ROLLING = {"strategy": "ROLLING"}
BUILT_IN: dict[str, Any] = {"issuerCertificateAuthority": {}}
ROOT = "arn:aws:acm-pca:::template/RootCACertificate/V1"
CONFIGURATION = {
    "KeyAlgorithm": "RSA_2048",
    "SigningAlgorithm": "SHA256WITHRSA",
    "Subject": {"CommonName": "our own", "Organization": "Shop"},
}
EVERYBODY = (
    {"kind": "http", "url": "http://web/"},
    {"kind": "http", "url": "http://web/", "keep": False},
    {"kind": "http", "url": "http://web/", "method": "POST"},
    {"kind": "lines", "host": "lines", "port": 7000},
    {"kind": "rpc", "target": "rpc:50051"},
)
SWITCHED = (
    {"kind": "http", "url": "http://switched/"},
    {"kind": "http", "url": "http://switched/", "keep": False},
    {"kind": "http", "url": "http://switched/", "method": "POST"},
)


class Stage(NamedTuple):
    installation: Installation
    cluster: Cluster
    probe: Probe
    address: str
    """The public address of one of the encrypted tasks: a wire to its proxy."""
    roots: str
    """The built-in authority's certificate."""


@pytest.fixture(scope="module")
def stage(make_installation: Callable[..., Installation]) -> Stage:
    installation = make_installation("--certificate-renewal", str(RENEWAL))
    installation.up()
    cluster = Cluster(installation, "tls", "tls")
    definition = cluster.define("servers", app("web", 8080, "http"), app("rpc", 50051, "grpc"), app("lines", 7000))
    ports = {"web": (80, None), "rpc": (50051, None), "lines": (7000, 7443)}
    offers = [offer(n, n, port, tls=BUILT_IN, ingressPortOverride=over or 0) for n, (port, over) in ports.items()]
    cluster.serve("servers", definition, *offers, public=True)
    cluster.serve(
        "switched",
        cluster.define("switched", app("web", 8080, "http", healthCheck=port_health_check(8080))),
        offer_with_tls(),
        public=True,
    )
    cluster.steady("servers", "switched")
    probe = cluster.probe("caller")
    pca = installation.client("acm-pca")
    (authority,) = pca.list_certificate_authorities()["CertificateAuthorities"]
    own = pca.get_certificate_authority_certificate(CertificateAuthorityArn=authority["Arn"])["Certificate"]
    return Stage(installation, cluster, probe, cluster.public_address("servers"), own)


def offer_with_tls(tls: dict[str, Any] | None = None) -> dict[str, Any]:
    return offer("web", "switched", 80, discoveryName="switched", **({"tls": tls} if tls else {}))


def connection_to(address: str, port: int) -> socket.socket:
    """A connection to a port of a task, as soon as there is one: its public address is made while it already runs."""
    connections: list[socket.socket] = []

    def is_open() -> bool:
        with suppress(OSError):
            connections.append(socket.create_connection((address, port), timeout=60))
        return bool(connections)

    eventually(is_open, f"{address}:{port} is open")
    return connections[0]


def certificate_of(address: str, port: int, roots: str, name: str, **versions: Any) -> x509.Certificate:
    """The certificate that a port presents to a client that trusts these roots and asks for this name."""
    context = ssl.create_default_context(cadata=roots)
    for member, version in versions.items():
        setattr(context, member, version)
    with connection_to(address, port) as plain, context.wrap_socket(plain, server_hostname=name) as wrap_socket:
        assert wrap_socket.version() == "TLSv1.3"
        der = wrap_socket.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize(("port", "name"), [(8080, "web.tls"), (50051, "rpc.tls"), (7443, "lines.tls")])
def test_the_wire_between_proxies_is_tls_1_3_with_the_endpoints_name(stage, port, name):
    certificate = certificate_of(stage.address, port, stage.roots, name)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [name]
    root = x509.load_pem_x509_certificate(stage.roots.encode())
    certificate.verify_directly_issued_by(root)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life.total_seconds() == RENEWAL + 2 * 86400 + 3600
    with pytest.raises(ssl.SSLError):
        certificate_of(stage.address, port, stage.roots, name, maximum_version=ssl.TLSVersion.TLSv1_2)
    with socket.create_connection((stage.address, port), timeout=60) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nhost: web\r\n\r\n")
        assert not read_to_end(plain)


def read_to_end(connection: socket.socket) -> bytes:
    """The bytes that arrive on a connection until it ends, without TLS's own alert."""
    received = b""
    try:
        while part := connection.recv(4096):
            received += part
    except ConnectionError:
        pass
    return b"" if received.startswith(b"\x15") else received


def test_every_protocol_works_over_tls(stage):
    answer = stage.probe.ask("http", url="http://web/hello", method="POST", body="x")
    assert (answer["status"], json.loads(answer["text"])["body"]) == (200, "x")
    (task,) = stage.cluster.tasks("servers")
    proxy = task_id(task["taskArn"])
    assert stage.probe.ask("lines", host="lines", port=7000, line="hello") == {"text": f"{proxy} hello"}
    assert stage.probe.ask("say", target="rpc:50051", text="hello") == {"text": f"{proxy} hello"}
    assert stage.probe.ask("count", target="rpc:50051", number=3)["texts"] == [f"{proxy} {n}" for n in range(3)]


@pytest.mark.heavy
def test_a_late_certificate_renewal_under_load_fails_no_request(stage):
    stage.probe.begin(*EVERYBODY)
    stage.installation.kill()
    before = certificate_of(stage.address, 8080, stage.roots, "web.tls").serial_number
    while_it_lasts(AWAY)
    assert certificate_of(stage.address, 8080, stage.roots, "web.tls").serial_number == before
    stage.installation.up()
    eventually(lambda: certificate_of(stage.address, 8080, stage.roots, "web.tls").serial_number != before)
    sent = stage.probe.results()["sent"]
    eventually(lambda: stage.probe.results()["sent"] > sent + 100)
    results = stage.probe.end()
    assert (results["failed"], results["failures"]) == (0, [])
    assert sum(results["answered"].values()) == results["sent"]


def test_switching_tls_on_and_off_under_load_fails_no_request(stage):
    stage.probe.begin(*SWITCHED)
    for tls, how in ((BUILT_IN, BLUE_GREEN), (None, ROLLING)):
        connect = {"enabled": True, "services": [offer_with_tls(tls)]}
        stage.cluster.update("switched", serviceConnectConfiguration=connect, deploymentConfiguration=how)
        stage.cluster.steady("switched")
        stage.cluster.quiet("switched")
        address = stage.cluster.public_address("switched")
        if tls is None:
            with connection_to(address, 8080) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                assert read_to_end(plain).startswith(b"HTTP/1.1 200")
        else:
            certificate_of(address, 8080, stage.roots, "switched.tls")
    results = stage.probe.end()
    assert (results["failed"], results["failures"]) == (0, [])
    assert sum(results["answered"].values()) == results["sent"]


def test_a_certificate_authority_from_creation_to_a_service_that_uses_it(stage):
    pca = stage.installation.client("acm-pca")
    arn = pca.create_certificate_authority(
        CertificateAuthorityConfiguration=CONFIGURATION, CertificateAuthorityType="ROOT"
    )["CertificateAuthorityArn"]
    pca.get_waiter("certificate_authority_csr_created").wait(CertificateAuthorityArn=arn)
    csr = pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"]
    certificate_arn = pca.issue_certificate(
        CertificateAuthorityArn=arn,
        Csr=csr.encode(),
        SigningAlgorithm="SHA256WITHRSA",
        TemplateArn=ROOT,
        Validity={"Type": "YEARS", "Value": 10},
    )["CertificateArn"]
    pca.get_waiter("certificate_issued").wait(CertificateAuthorityArn=arn, CertificateArn=certificate_arn)
    own = pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=certificate_arn)["Certificate"]
    params = {
        "issuerCertificateAuthority": {"awsPcaAuthorityArn": arn},
        "roleArn": "arn:aws:iam::123456789012:role/tls",
    }
    connect = {"enabled": True, "services": [offer_with_tls(params)]}
    with pytest.raises(ClientError, match="PENDING_CERTIFICATE, not ACTIVE"):
        stage.cluster.update("switched", serviceConnectConfiguration=connect)
    pca.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=own.encode())

    stage.cluster.update("switched", serviceConnectConfiguration=connect)
    stage.cluster.steady("switched")
    (deployment,) = stage.cluster.service("switched")["deployments"]
    assert deployment["serviceConnectConfiguration"]["services"][0]["tls"] == params
    address = stage.cluster.public_address("switched")
    assert "our own" in certificate_of(address, 8080, own, "switched.tls").issuer.rfc4514_string()
    assert stage.probe.ask("http", url="http://switched/")["status"] == 200

    pca.update_certificate_authority(CertificateAuthorityArn=arn, Status="DISABLED")
    with pytest.raises(ClientError, match="DISABLED, not ACTIVE"):
        stage.cluster.update("switched", forceNewDeployment=True)
    events = eventually(
        lambda: [e["message"] for e in stage.cluster.service("switched")["events"] if "DISABLED" in e["message"]]
    )
    assert f"certificate of switched signed. Reason: The certificate authority {arn} is DISABLED" in events[0]
    assert stage.probe.ask("http", url="http://switched/")["status"] == 200
    pca.update_certificate_authority(CertificateAuthorityArn=arn, Status="ACTIVE")


def test_failed_handshakes_are_counted(stage):
    with pytest.raises(ssl.SSLError):
        certificate_of(stage.address, 8080, stage.roots, "web.tls", maximum_version=ssl.TLSVersion.TLSv1_2)
    cloudwatch = stage.installation.client("cloudwatch")

    def is_listed() -> bool:
        metrics = cloudwatch.list_metrics(Namespace="AWS/ECS", MetricName="ClientTLSNegotiationErrorCount")["Metrics"]
        return any({"Name": "DiscoveryName", "Value": "web"} in metric["Dimensions"] for metric in metrics)

    eventually(is_listed)


def test_private_keys_are_only_in_the_store(stage):
    state = stage.installation.state
    store = [path for path in state.glob("moyai.db*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in store} == {"0o600"}
    kept = b"".join(path.read_bytes() for path in store)
    keys = set(re.findall(rb"-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/=]{32,})", kept))
    assert len(keys) >= 3
    lines = [
        stage.installation.own("GET", "health"),
        stage.installation.moyai("status", "--json").encode(),
        json.dumps(stage.cluster.service("servers"), default=str).encode(),
        stage.installation.log.read_bytes(),
    ]
    paths = (Path(folder, name) for folder, _, names in os.walk(state) for name in names)  # a task may remove its own
    files = [path for path in paths if path.is_file() and path not in store]
    elsewhere = {"images", "netns"}  # the tests' own tree, and mounts that nobody can read
    lines += [written_bytes(path) for path in files if elsewhere.isdisjoint(path.relative_to(state).parts)]
    assert not [text for text in lines if b"PRIVATE KEY" in text or any(key in text for key in keys)]
