"""boto3 clients of every service in the gateway, with no socket between: what the SDK would send goes to the gateway,
and the gateway's bytes come back to the SDK's own parser.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import weakref
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.loaders import Loader

from moyai.api.acm.service import acm
from moyai.api.acmpca.service import acmpca
from moyai.api.appmesh.service import appmesh
from moyai.api.autoscaling.service import AUTOSCALING
from moyai.api.cloudformation.service import cloudformation
from moyai.api.cloudmap.service import cloudmap
from moyai.api.cloudwatch.service import cloudwatch
from moyai.api.ec2.service import EC2
from moyai.api.ecr.service import ecr
from moyai.api.ecs.service import ecs
from moyai.api.efs.service import EFS
from moyai.api.elbv2.service import ELBV2
from moyai.api.eventbridge.service import EVENT_BRIDGE
from moyai.api.exec_sessions import ExecSessionRegistry
from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.logs.service import logs
from moyai.api.models import load_models
from moyai.api.ram.service import RAM
from moyai.api.resourcetags.service import RESOURCE_TAGS
from moyai.api.route53.service import route53
from moyai.api.scheduler.service import SCHEDULER
from moyai.api.secretsmanager.service import SECRETS_MANAGER
from moyai.api.ssm.service import SSM
from moyai.api.sts.service import STS
from moyai.api.wire.http import HttpRequest
from moyai.dns.index import Zones
from moyai.domain.appmesh.quotas import AppMeshQuotas
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityKey, CertificateAuthority
from moyai.domain.pca.certificate import TEMPLATES
from moyai.domain.world import table_name
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import HostedZoneId
from moyai.pki.library import CryptographyPki
from moyai.plan.certificates.authority import BUILT_IN_LIFETIME, plan_authority, record_key
from moyai.plan.cloudmap.operations import plan_operation
from moyai.ports.pki import Issuer, NewKey, ValidityPeriod
from moyai.ports.store import Key
from moyai.reconcile.certificates import ManagedCertificateSigner
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.blob_files import BlobFiles, BlobLimits
from moyai.store.log_memory import MemoryLogStore
from moyai.store.memory import MemoryStore
from moyai.telemetry.log_metrics import MeteredLogs
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import Builder
from tests.contract.api.objects import Objects
from tests.unit.telemetry.pushes import Telemetry

_LOADER = Loader()
"""Keeps what it has read: EC2's model takes half a second."""
MODELS = load_models(
    [
        "servicediscovery",
        "appmesh",
        "ec2",
        "sts",
        "cloudwatch",
        "ecs",
        "ram",
        "acm-pca",
        "acm",
        "logs",
        "application-autoscaling",
        "ssm",
        "secretsmanager",
        "ecr",
        "efs",
        "elbv2",
        "cloudformation",
        "route53",
        "scheduler",
        "events",
        "resourcegroupstaggingapi",
    ]
)


class _Raw(io.BytesIO):
    def stream(self, **_kwargs: object):
        yield self.read()


class Installation:
    """A fresh installation and its clients; ``quotas`` are Cloud Map's and App Mesh's, where they are not AWS's."""

    def __init__(self, **quotas: int) -> None:
        self.clock, self.store, self.telemetry = ManualClock(), MemoryStore(), Telemetry()
        self.builder = Builder(self.store, self.clock)
        self.busy = False
        """Whether Cloud Map's operations stay as they were submitted, and authorities without keys."""
        self._pki = CryptographyPki()
        self._signer = ManagedCertificateSigner(self.store, self.clock, self._pki)
        self.runtime = SimRuntime(self.clock)
        self.exec_sessions = ExecSessionRegistry(self.runtime, self.clock)
        metrics = cloudwatch(self.telemetry.reader, self.telemetry.head, self.clock)
        self.logs = MeteredLogs(MemoryLogStore(), self.store, self.telemetry.head)
        self.objects = Objects({})
        """What is in S3."""
        directory = Path(mkdtemp(prefix="moyai-blobs-"))
        weakref.finalize(self, shutil.rmtree, directory)
        self.blobs = BlobFiles.open_blobs(directory, self.clock, BlobLimits(uploads=3, reserve=0))
        services = (
            cloudmap(CloudMapQuotas(**_among(CloudMapQuotas, quotas))),
            appmesh(AppMeshQuotas(**_among(AppMeshQuotas, quotas))),
            cloudformation(self.objects),
            EC2,
            EFS,
            ELBV2,
            STS,
            ecs(self.exec_sessions),
            RAM,
            AUTOSCALING,
            RESOURCE_TAGS,
            SSM,
            SCHEDULER,
            EVENT_BRIDGE,
            SECRETS_MANAGER,
            metrics,
            acmpca(self._pki),
            acm(self._pki),
            logs(self.logs),
            ecr(self.blobs),
            route53(self),
        )
        self.zones = Zones(self.store.world, lambda _: 0)
        self.gateway = ApiGateway(
            services, MODELS, GatewayDependencies(store=self.store, clock=self.clock, ids=SeededIds(5))
        )

    def client(self, service: str, key: str = "test", protocol: str | None = None, retries: int = 1) -> Any:
        """A client whose requests stay in this process, in the SDK's own choice of protocol or in this one."""
        config = Config(retries={"total_max_attempts": retries}, parameter_validation=False, inject_host_prefix=False)
        session = boto3.Session(aws_access_key_id=key, aws_secret_access_key="s", region_name="us-east-1")
        session._session.register_component("data_loader", _LOADER if protocol is None else _one_protocol(protocol))
        client = session.client(service, endpoint_url="http://127.0.0.1:4566", config=config)
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: AWSPreparedRequest, **_kwargs: object) -> AWSResponse:
        url = urlsplit(request.url)
        body: Any = request.body or b""
        http_request = HttpRequest(
            request.method,
            url.path or "/",
            url.query,
            {"host": url.netloc, **{name.lower(): _text(value) for name, value in request.headers.items()}},
            body.encode() if isinstance(body, str) else bytes(body),
        )
        answer = asyncio.run(self.gateway.answer(http_request))
        if not self.busy:
            self.settle()
        headers: Any = dict(answer.headers)
        return AWSResponse(request.url, answer.status, headers, _Raw(answer.body))

    def served_version(self, zone: HostedZoneId) -> int | None:
        """The version of the zones that DNS serves."""
        return self.zones.served_version(zone)

    def settle(self) -> None:
        """Bring Cloud Map's operations to their end, give authorities their keys, sign what is to be signed, and have
        DNS answer from the world as it is.
        """
        for authority in tuple(self.store.world.authorities):
            if plan_authority(self.store.world, authority.arn, self.now).needs_key:
                new_key = asyncio.run(self._pki.new_key(authority.configuration))
                key = AuthorityKey(authority.arn, new_key.private)
                own = self._self_sign(authority, new_key) if authority.built_in else None
                self.store.apply(record_key(authority, key, new_key.csr, own, self.now))
        for certificate in tuple(self.store.world.managed_certificates):
            asyncio.run(self._signer.advance(certificate.arn))
        for operation in tuple(self.store.world.operations):
            while (plan := plan_operation(self.store.world, operation.key, self.now)).changes:
                self.store.apply(plan.changes)
        if len(self.store.world.hosted_zone_changes):
            self.zones = Zones(self.store.world, lambda _: 0)
            self.zones.refresh(Key(table_name(type(record)), record.key) for record in self.store.world.records())

    def _self_sign(self, authority: CertificateAuthority, key: NewKey) -> AuthorityCertificate:
        issuer = Issuer(key.private, authority.configuration.signing_algorithm)
        span = ValidityPeriod(self.now, later(self.now, BUILT_IN_LIFETIME))
        root = self._pki.issue(issuer, key.csr.encode(), TEMPLATES["RootCACertificate/V1"], span)
        return self._pki.accept_authority(key.csr, authority.type, root.pem.encode(), b"")

    @property
    def now(self) -> Instant:
        """The time of the installation's clock."""
        return self.clock.now()


def _among(kind: type[CloudMapQuotas | AppMeshQuotas], quotas: Mapping[str, int]) -> dict[str, int]:
    return {name: quotas[name] for name in kind.__struct_fields__ if name in quotas}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _OneProtocol(Loader):
    """Service models that know one protocol only, with the result wrappers that AWS Query has in the SDKs."""

    def __init__(self, protocol: str) -> None:
        super().__init__()
        self._protocol = protocol

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name != "service-2":
            return model
        model = {**model, "metadata": {**model["metadata"], "protocol": self._protocol, "protocols": [self._protocol]}}
        if self._protocol == "query":
            model["operations"] = {name: _with_result_wrapper(name, one) for name, one in model["operations"].items()}
        return model


@cache
def _one_protocol(protocol: str) -> Loader:
    """A loader keeps what it has read, so one for each protocol does for all tests."""
    return _OneProtocol(protocol)


def _with_result_wrapper(name: str, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    if "output" not in operation:
        return operation
    return {**operation, "output": {**operation["output"], "resultWrapper": f"{name}Result"}}
