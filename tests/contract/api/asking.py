"""Members of requests in a few words, and the errors of those that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ANYWHERE = "0.0.0.0/0"
OTHER_ACCOUNT = "111122223333"


def filters_of(*filters):
    return [{"Name": name, "Values": list(values)} for name, *values in filters]


def tag_specification(kind, **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def code(call, **params) -> str:
    """The code of the error with which a call is refused."""
    return refusal(call, **params)[0]


def refusal(call, *args: Any, **params: Any) -> tuple[str, str]:
    """The code and the message of the error with which a call is refused."""
    error = _refused(call, *args, **params)["Error"]
    return str(error["Code"]), str(error["Message"])


def assert_refused(call, expected_code: str, expected_status: int = 400, **params: Any) -> str:
    """Check that a call is refused with this code and status, and return the message."""
    response = _refused(call, **params)
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    assert (response["Error"]["Code"], status) == (expected_code, expected_status)
    return str(response["Error"]["Message"])


def _refused(call, *args: Any, **params: Any) -> Any:
    with pytest.raises(ClientError) as exc_info:
        call(*args, **params)
    return exc_info.value.response


def tcp(port, **other):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **other}


def cidr(*ranges):
    return {"IpRanges": [{"CidrIp": one} for one in ranges]}


def pair(group, **more):
    return {"UserIdGroupPairs": [{"GroupId": group, **more}]}
