"""The operations of AWS Systems Manager Parameter Store.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import ApiService, operations
from moyai.api.ssm import history, listing, parameters
from moyai.api.ssm.lookup import TAGS

SSM: Final = ApiService(
    name="ssm",
    operations=operations(history, listing, parameters, *TAGS.operations()),
    refused=MappingProxyType(
        {
            "PutParameter.Policies": "parameters do not expire and send no notices",
            "DescribeParameters.Shared": "parameters are not shared between accounts",
        }
    ),
)
