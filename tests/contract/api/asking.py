"""EC2's questions in a few words."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

ANYWHERE = "0.0.0.0/0"
OTHER_ACCOUNT = "111122223333"


def filters_of(*filters):
    return [{"Name": name, "Values": list(values)} for name, *values in filters]


def tag_specification(kind, **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def code(call, **params) -> str:
    with pytest.raises(ClientError) as exc_info:
        call(**params)
    return str(exc_info.value.response["Error"]["Code"])


def tcp(port, **other):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **other}


def cidr(*ranges):
    return {"IpRanges": [{"CidrIp": one} for one in ranges]}


def pair(group, **more):
    return {"UserIdGroupPairs": [{"GroupId": group, **more}]}
