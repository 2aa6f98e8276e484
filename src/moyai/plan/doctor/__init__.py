"""The findings of ``moyai doctor``: what keeps services and load balancers from being called."""

from __future__ import annotations

from moyai.plan.doctor.examination import count_examined, findings

__all__ = ["count_examined", "findings"]
