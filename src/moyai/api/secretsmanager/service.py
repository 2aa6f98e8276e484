"""Secrets Manager's operations, as the door is given them.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import Operation, Service, table
from moyai.api.secretsmanager import listing, secrets, tags, values
from moyai.domain.secretsmanager.errors import InvalidParameter

_NO_REPLICAS = "secrets are not replicated between regions"
_NO_PARTNERS = "there are no secrets of other vendors"

SECRETS_MANAGER: Final = Service(
    name="secretsmanager",
    input_fault=InvalidParameter,
    operations=table(
        (
            Operation("CreateSecret", secrets.CreateSecretRequest, secrets.create),
            Operation("UpdateSecret", secrets.UpdateSecretRequest, secrets.update),
            Operation("DescribeSecret", secrets.SecretRequest, secrets.describe),
            Operation("DeleteSecret", secrets.DeleteSecretRequest, secrets.delete),
            Operation("RestoreSecret", secrets.SecretRequest, secrets.restore),
            Operation("GetResourcePolicy", secrets.SecretRequest, secrets.get_policy),
            Operation("GetSecretValue", values.GetSecretValueRequest, values.get),
            Operation("PutSecretValue", values.PutSecretValueRequest, values.put),
            Operation("UpdateSecretVersionStage", values.UpdateSecretVersionStageRequest, values.move_stage),
            Operation("ListSecrets", listing.ListSecretsRequest, listing.list_secrets),
            Operation("ListSecretVersionIds", listing.ListVersionsRequest, listing.list_versions),
            Operation("TagResource", tags.TagRequest, tags.tag),
            Operation("UntagResource", tags.UntagRequest, tags.untag),
        )
    ),
    refused=MappingProxyType(
        {
            "CreateSecret.AddReplicaRegions": _NO_REPLICAS,
            "CreateSecret.ForceOverwriteReplicaSecret": _NO_REPLICAS,
            "CreateSecret.CrossAccountPrimaryARN": _NO_REPLICAS,
            "CreateSecret.Type": _NO_PARTNERS,
            "UpdateSecret.Type": _NO_PARTNERS,
            "GetResourcePolicy.PolicyName": "a secret has no resource policy",
            "PutSecretValue.RotationToken": "nothing rotates secrets here but you",
        }
    ),
)
