"""EventBridge's errors.

Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidEventRequest(ClientFault, code="ValidationException"):
    """A value is not valid, or asks for what moyai does not support."""


class InvalidEventPattern(ClientFault):
    """An event pattern can't be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")


class EventResourceNotFound(ClientFault, code="ResourceNotFoundException"):
    """There is no such rule or event bus."""


class EventBusExists(ClientFault, code="ResourceAlreadyExistsException"):
    """An event bus has the name already."""


class EventLimitExceeded(ClientFault, code="LimitExceededException"):
    """The account has as many rules, targets or event buses as allowed."""
