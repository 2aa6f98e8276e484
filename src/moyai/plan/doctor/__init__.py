"""The findings of ``moyai doctor``: what keeps services and load balancers from being called."""

from __future__ import annotations

from moyai.plan.doctor.examination import ServerObservations, count_examined, findings
from moyai.plan.doctor.finding import Finding
from moyai.plan.doctor.services import service_findings

__all__ = ["Finding", "ServerObservations", "count_examined", "findings", "service_findings"]
