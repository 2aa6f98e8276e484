"""Systems Manager's operations, as the door is given them: those of Parameter Store.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import Operation, Service, table
from moyai.api.ssm import listing, parameters, tags

SSM: Final = Service(
    name="ssm",
    operations=table(
        (
            Operation("PutParameter", parameters.PutParameterRequest, parameters.put),
            Operation("GetParameter", parameters.GetParameterRequest, parameters.get),
            Operation("GetParameters", parameters.GetParametersRequest, parameters.get_several),
            Operation("GetParametersByPath", listing.GetParametersByPathRequest, listing.by_path),
            Operation("DescribeParameters", listing.DescribeParametersRequest, listing.describe),
            Operation("DeleteParameter", parameters.DeleteParameterRequest, parameters.delete),
            Operation("DeleteParameters", parameters.DeleteParametersRequest, parameters.delete_several),
            Operation("AddTagsToResource", tags.AddTagsRequest, tags.add),
            Operation("RemoveTagsFromResource", tags.RemoveTagsRequest, tags.remove),
            Operation("ListTagsForResource", tags.ListTagsRequest, tags.list_tags),
        )
    ),
    refused=MappingProxyType(
        {
            "PutParameter.AllowedPattern": "values are not checked against patterns",
            "PutParameter.Policies": "parameters do not expire and send no notices",
            "DescribeParameters.Shared": "parameters are not shared between accounts",
        }
    ),
)
