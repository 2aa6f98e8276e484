"""The operations of AWS Secrets Manager.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import ApiService, operations
from moyai.api.secretsmanager import batches, listing, passwords, policies, rotation, secrets, values
from moyai.api.secretsmanager.lookup import TAGS
from moyai.domain.secretsmanager.errors import InvalidParameter

_NO_REPLICAS = "secrets are not replicated between regions"
_NO_PARTNERS = "there are no secrets of other vendors"

_REPLICATION: Final = "Create a secret of the same name in the other region."
_INSTEAD: Final = MappingProxyType(
    {
        **dict.fromkeys(
            ("RemoveRegionsFromReplication", "ReplicateSecretToRegions", "StopReplicationToReplica"), _REPLICATION
        ),
    }
)

SECRETS_MANAGER: Final = ApiService(
    name="secretsmanager",
    input_fault=InvalidParameter,
    instead=_INSTEAD,
    operations=operations(batches, listing, passwords, policies, rotation, secrets, values, *TAGS.operations()),
    refused=MappingProxyType(
        {
            "CreateSecret.AddReplicaRegions": _NO_REPLICAS,
            "CreateSecret.ForceOverwriteReplicaSecret": _NO_REPLICAS,
            "CreateSecret.CrossAccountPrimaryARN": _NO_REPLICAS,
            "CreateSecret.Type": _NO_PARTNERS,
            "UpdateSecret.Type": _NO_PARTNERS,
            "RotateSecret.ExternalSecretRotationMetadata": _NO_PARTNERS,
            "RotateSecret.ExternalSecretRotationRoleArn": _NO_PARTNERS,
            "*.PolicyName": "a secret has one policy, without a name",
            "PutSecretValue.RotationToken": "only callers rotate secrets here",
        }
    ),
)
