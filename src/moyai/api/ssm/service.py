"""The operations of AWS Systems Manager Parameter Store.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import ApiService, operations
from moyai.api.ssm import listing, parameters, tags

SSM: Final = ApiService(
    name="ssm",
    operations=operations(
        parameters.put_parameter,
        parameters.get_parameter,
        parameters.get_parameters,
        listing.get_parameters_by_path,
        listing.describe_parameters,
        parameters.delete_parameter,
        parameters.delete_parameters,
        tags.add_tags_to_resource,
        tags.remove_tags_from_resource,
        tags.list_tags_for_resource,
    ),
    refused=MappingProxyType(
        {
            "PutParameter.AllowedPattern": "values are not checked against patterns",
            "PutParameter.Policies": "parameters do not expire and send no notices",
            "DescribeParameters.Shared": "parameters are not shared between accounts",
        }
    ),
)
