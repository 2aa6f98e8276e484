"""The records that are lost with the embedded server, which keeps them in memory, by service.

Source: docs/decisions/no-journal-for-moto.md
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

LOSSES: Final = MappingProxyType(
    {
        "cognito-idp": "user pools with their users",
        "dynamodb": "tables with their items",
        "elasticache": "the records of caches",
        "iam": "roles, policies, users and their keys",
        "kms": "keys, so that what they encrypted cannot be decrypted any more",
        "lambda": "the records of functions",
        "rds": "the records of databases",
        "s3": "buckets with their objects",
        "sns": "topics and subscriptions",
        "sqs": "queues with their messages",
        "states": "state machines and their executions",
    }
)
"""By signing names."""
OTHER_LOSSES: Final = "everything that was stored there"
