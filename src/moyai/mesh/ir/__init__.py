"""MeshIR: the one form between what AWS's APIs say and what Envoy is told. One file a noun.

Promise: it knows no ARN's meaning and no Envoy message. Names, defaults and the names of statistics are
data in it, filled in by whoever compiles it, so a second front end needs no second translator.
"""

from __future__ import annotations

from moyai.mesh.ir.access_log import AccessLog, AnyLog, FileLog
from moyai.mesh.ir.destination import Destination
from moyai.mesh.ir.diagnostic import Diagnostic
from moyai.mesh.ir.endpoint_group import EndpointGroup, Member
from moyai.mesh.ir.health_check import HealthCheck
from moyai.mesh.ir.limits import ConnectionLimits
from moyai.mesh.ir.load_balancing import HashKey, LoadBalancing
from moyai.mesh.ir.match import (
    EVERY_PATH,
    HeaderMatch,
    Match,
    PathMatch,
    PathTest,
    QueryMatch,
    Range,
    TextMatch,
    TextTest,
)
from moyai.mesh.ir.mesh import Mesh
from moyai.mesh.ir.outlier_policy import Failure, OutlierPolicy
from moyai.mesh.ir.protocol import Protocol
from moyai.mesh.ir.retry_policy import RetryCondition, RetryPolicy
from moyai.mesh.ir.rewrite import Rewrite
from moyai.mesh.ir.route_table import Host, RouteTable, Rule
from moyai.mesh.ir.service import Service, StreamSplit
from moyai.mesh.ir.source import Family, Fixed, Grouped, Named, Original, Source
from moyai.mesh.ir.target import Target
from moyai.mesh.ir.timeout_policy import TimeoutPolicy
from moyai.mesh.ir.tls import (
    AnyShown,
    AnyTrusted,
    Certificate,
    ClientTls,
    PeerCheck,
    ServerTls,
    Shown,
    ShownFile,
    ShownSecret,
    Trust,
    TrustedFile,
    TrustedRoots,
    TrustedSecret,
)
from moyai.mesh.ir.workload import Call, InboundPort, NamedPass, OutboundPort, OutboundView, Workload

__all__ = [
    "EVERY_PATH",
    "AccessLog",
    "AnyLog",
    "AnyShown",
    "AnyTrusted",
    "Call",
    "Certificate",
    "ClientTls",
    "ConnectionLimits",
    "Destination",
    "Diagnostic",
    "EndpointGroup",
    "Failure",
    "Family",
    "FileLog",
    "Fixed",
    "Grouped",
    "HashKey",
    "HeaderMatch",
    "HealthCheck",
    "Host",
    "InboundPort",
    "LoadBalancing",
    "Match",
    "Member",
    "Mesh",
    "Named",
    "NamedPass",
    "Original",
    "OutboundPort",
    "OutboundView",
    "OutlierPolicy",
    "PathMatch",
    "PathTest",
    "PeerCheck",
    "Protocol",
    "QueryMatch",
    "Range",
    "RetryCondition",
    "RetryPolicy",
    "Rewrite",
    "RouteTable",
    "Rule",
    "ServerTls",
    "Service",
    "Shown",
    "ShownFile",
    "ShownSecret",
    "Source",
    "StreamSplit",
    "Target",
    "TextMatch",
    "TextTest",
    "TimeoutPolicy",
    "Trust",
    "TrustedFile",
    "TrustedRoots",
    "TrustedSecret",
    "Workload",
]
