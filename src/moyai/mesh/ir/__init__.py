"""MeshIR: the one form between what AWS's APIs say and what Envoy is told. One file a noun.

Promise: it knows no ARN's meaning and no Envoy message. Names, defaults and the names of statistics are
data in it, filled in by whoever compiles it, so a second front end needs no second translator.
"""

from __future__ import annotations

from moyai.mesh.ir.access_log import AccessLog
from moyai.mesh.ir.destination import Destination
from moyai.mesh.ir.diagnostic import Diagnostic
from moyai.mesh.ir.endpoint_group import EndpointGroup, Member
from moyai.mesh.ir.load_balancing import HashKey, LoadBalancing
from moyai.mesh.ir.mesh import Mesh
from moyai.mesh.ir.outlier_policy import OutlierPolicy
from moyai.mesh.ir.protocol import Protocol
from moyai.mesh.ir.retry_policy import RetryCondition, RetryPolicy
from moyai.mesh.ir.route_table import HeaderMatch, Match, RouteTable, Rule
from moyai.mesh.ir.service import Service, StreamSplit
from moyai.mesh.ir.target import Target
from moyai.mesh.ir.timeout_policy import TimeoutPolicy
from moyai.mesh.ir.tls import Certificate, Trust
from moyai.mesh.ir.workload import Call, InboundPort, OutboundView, Workload

__all__ = [
    "AccessLog",
    "Call",
    "Certificate",
    "Destination",
    "Diagnostic",
    "EndpointGroup",
    "HashKey",
    "HeaderMatch",
    "InboundPort",
    "LoadBalancing",
    "Match",
    "Member",
    "Mesh",
    "OutboundView",
    "OutlierPolicy",
    "Protocol",
    "RetryCondition",
    "RetryPolicy",
    "RouteTable",
    "Rule",
    "Service",
    "StreamSplit",
    "Target",
    "TimeoutPolicy",
    "Trust",
    "Workload",
]
