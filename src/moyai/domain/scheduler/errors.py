"""EventBridge Scheduler's errors.

Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidScheduleRequest(ClientFault, code="ValidationException"):
    """A value is not valid, or asks for what moyai does not support."""


class ScheduleNotFound(ClientFault, code="ResourceNotFoundException", status=404):
    """There is no such schedule or group."""


class ScheduleConflict(ClientFault, code="ConflictException", status=409):
    """A schedule or a group has the name already."""


class ScheduleQuotaExceeded(ClientFault, code="ServiceQuotaExceededException", status=402):
    """The account has as many schedules or groups as allowed."""
