"""Families of task definitions and of daemon task definitions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html (family)
"""

from __future__ import annotations

from moyai.domain.record import StoredRecord

TASK_DEFINITION, DAEMON_TASK_DEFINITION = "task-definition", "daemon-task-definition"
"""The kinds of their ARNs."""


class TaskDefinitionFamily(StoredRecord, frozen=True, tag="family"):
    """A family with its greatest revision number ever: numbers are never used twice.

    ``key`` is the ARN of the family's revisions without their number.
    """

    key: str
    last_revision: int
