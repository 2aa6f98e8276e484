"""Services that no server answers: how each SDK shows the refusal, in the service's protocol."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.contract.api.installation import Installation


@pytest.fixture(scope="module")
def installation():
    return Installation()


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "list_buckets", {}),
        ("s3", "create_bucket", {"Bucket": "bucket"}),
        ("s3", "get_object", {"Bucket": "bucket", "Key": "a/b c"}),
        ("cloudfront", "list_distributions", {}),
        ("iam", "list_roles", {}),
        ("sns", "list_topics", {}),
        ("sqs", "list_queues", {}),
        ("dynamodb", "list_tables", {}),
        ("lambda", "list_functions", {}),
        ("kms", "list_keys", {}),
    ],
)
def test_a_refusal_is_in_the_protocol_of_its_service(installation, service, operation, params):
    with pytest.raises(ClientError) as caught:
        getattr(installation.client(service), operation)(**params)
    response = caught.value.response
    assert response["Error"]["Code"] == "NotImplemented"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert response["Error"]["Message"] == f"{service} is not part of moyai."


def test_a_refusal_without_a_body_has_its_status(installation):
    with pytest.raises(ClientError) as caught:
        installation.client("s3").head_bucket(Bucket="bucket")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_refusal_is_not_tried_again():
    installation, attempts = Installation(), []
    client = installation.client("dynamodb", retries=3)
    client.meta.events.register("before-send", lambda **_: attempts.append(1), unique_id="count")
    with pytest.raises(ClientError):
        client.list_tables()
    assert len(attempts) == 1
