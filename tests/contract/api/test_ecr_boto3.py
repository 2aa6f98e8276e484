"""boto3 speaks to ECR: repositories and their settings, policies, images by the API, modelled errors."""

from __future__ import annotations

import base64
import json

import pytest

from moyai.api.ecr.service import ecr
from moyai.domain.sts.session import SessionRoot
from moyai.domain.world import Put
from moyai.images.manifest import DOCKER_MANIFEST
from moyai.kernel.clock import later
from moyai.kernel.secret import Secret
from tests.container_images import digest_of
from tests.contract.api.asking import OTHER_ACCOUNT, code
from tests.contract.api.drawn import ask_anything
from tests.contract.api.ecr_images import image, index, push_by_api

COMMON = frozenset({"ValidationException", "SerializationException", "InvalidParameterException"})
ARN = "arn:aws:ecr:us-east-1:123456789012:repository/shop/app"
NAME = "shop/app"
EXPIRE = {"type": "expire"}
STATEMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]})


@pytest.fixture
def client(installation):
    installation.store.apply([Put(SessionRoot(Secret("0" * 64)))])
    return installation.client("ecr")


@pytest.fixture
def repository(client):
    return client.create_repository(repositoryName=NAME)["repository"]


def rules(*selections):
    numbered = enumerate(selections, start=1)
    return json.dumps(
        {"rules": [{"rulePriority": n, "selection": s, "action": EXPIRE, "description": "x" * 60} for n, s in numbered]}
    )


def test_a_repository_with_the_defaults_of_aws(client, repository, installation):
    assert repository == {
        "repositoryArn": ARN,
        "registryId": "123456789012",
        "repositoryName": NAME,
        "repositoryUri": "127.0.0.1:4566/shop/app",
        "createdAt": repository["createdAt"],
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    assert repository["createdAt"].timestamp() == installation.now
    assert client.describe_repositories()["repositories"] == [repository]
    assert client.describe_repositories(repositoryNames=[NAME], registryId="123456789012")["repositories"]


def test_everything_that_creation_takes_is_shown(client):
    parameters = {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/x"},
    }
    created = client.create_repository(repositoryName="a1", tags=[{"Key": "team", "Value": "shop"}], **parameters)[
        "repository"
    ]
    assert {key: created[key] for key in parameters} == parameters
    assert client.list_tags_for_resource(resourceArn=created["repositoryArn"])["tags"] == [
        {"Key": "team", "Value": "shop"}
    ]


def test_settings_change(client, repository):
    put = client.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    assert put["imageTagMutability"] == "IMMUTABLE"
    client.put_image_scanning_configuration(repositoryName=NAME, imageScanningConfiguration={"scanOnPush": True})
    shown = client.describe_repositories(repositoryNames=[NAME])["repositories"][0]
    assert (shown["imageTagMutability"], shown["imageScanningConfiguration"]["scanOnPush"]) == ("IMMUTABLE", True)


def test_pages_of_repositories(client):
    for number in range(5):
        client.create_repository(repositoryName=f"app-{number}")
    pages = list(client.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["repositories"]) for page in pages] == [2, 2, 1]
    assert code(client.describe_repositories, nextToken="x") == "InvalidParameterException"
    named = {"repositoryNames": ["app-1"], "maxResults": 1}
    assert code(client.describe_repositories, **named) == "InvalidParameterException"


def test_another_account_or_region_has_its_own(client, repository, installation):
    other = installation.client("ecr", key=OTHER_ACCOUNT)
    assert other.describe_repositories()["repositories"] == []
    uri = other.create_repository(repositoryName=NAME)["repository"]["repositoryUri"]
    assert uri == f"{OTHER_ACCOUNT}.dkr.ecr.us-east-1.localhost:4566/shop/app"
    asked = {"repositoryNames": [NAME], "registryId": OTHER_ACCOUNT}
    assert code(client.describe_repositories, **asked) == "RepositoryNotFoundException"
    assert code(other.list_tags_for_resource, resourceArn=ARN) == "RepositoryNotFoundException"


def test_a_repository_with_images_is_deleted_by_force(client, repository, installation):
    push_by_api(client, NAME, image(), "1")
    assert code(client.delete_repository, repositoryName=NAME) == "RepositoryNotEmptyException"
    assert client.delete_repository(repositoryName=NAME, force=True)["repository"] == repository
    world = installation.store.world
    assert [len(t) for t in (world.repositories, world.repository_images, world.repository_layers)] == [0, 0, 0]
    assert code(client.delete_repository, repositoryName=NAME) == "RepositoryNotFoundException"


def test_tags(client, repository):
    client.tag_resource(resourceArn=ARN, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    client.untag_resource(resourceArn=ARN, tagKeys=["a"])
    assert client.list_tags_for_resource(resourceArn=ARN)["tags"] == [{"Key": "b", "Value": "2"}]
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    assert code(client.tag_resource, resourceArn=ARN, tags=many) == "TooManyTagsException"
    reserved = [{"Key": "aws:x", "Value": ""}]
    assert code(client.tag_resource, resourceArn=ARN, tags=reserved) == "InvalidTagParameterException"
    assert code(client.list_tags_for_resource, resourceArn="x") == "InvalidParameterException"


def test_the_policy_of_a_repository(client, repository):
    assert code(client.get_repository_policy, repositoryName=NAME) == "RepositoryPolicyNotFoundException"
    client.set_repository_policy(repositoryName=NAME, policyText=STATEMENT)
    assert client.get_repository_policy(repositoryName=NAME)["policyText"] == STATEMENT
    for bad in ("{", "[]", "{}"):
        asked = {"repositoryName": NAME, "policyText": bad}
        assert code(client.set_repository_policy, **asked) == "InvalidParameterException"
    assert client.delete_repository_policy(repositoryName=NAME)["policyText"] == STATEMENT
    assert code(client.delete_repository_policy, repositoryName=NAME) == "RepositoryPolicyNotFoundException"


def test_a_lifecycle_policy(client, repository):
    assert code(client.get_lifecycle_policy, repositoryName=NAME) == "LifecyclePolicyNotFoundException"
    text = rules({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3})
    assert client.put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=text)["lifecyclePolicyText"] == text
    assert client.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"] == text
    bad = rules({"tagStatus": "tagged", "countType": "imageCountMoreThan", "countNumber": 3})
    asked = {"repositoryName": NAME, "lifecyclePolicyText": bad}
    assert code(client.put_lifecycle_policy, **asked) == "InvalidParameterException"
    client.delete_lifecycle_policy(repositoryName=NAME)
    assert code(client.delete_lifecycle_policy, repositoryName=NAME) == "LifecyclePolicyNotFoundException"


def test_an_authorization_token(client, installation):
    data = client.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert (user, data["proxyEndpoint"]) == ("AWS", "http://127.0.0.1:4566")
    assert password
    assert data["expiresAt"].timestamp() == installation.now + 12 * 3600
    assert code(client.get_authorization_token, registryIds=[OTHER_ACCOUNT]) == "InvalidParameterException"
    assert client.describe_registry() | {"ResponseMetadata": None} == {
        "registryId": "123456789012",
        "replicationConfiguration": {"rules": []},
        "ResponseMetadata": None,
    }


def test_an_image_by_the_api(client, repository, installation):
    pushed = image()
    digest = push_by_api(client, NAME, pushed, "1.0")
    assert digest == pushed.digest
    response = client.batch_get_image(repositoryName=NAME, imageIds=[{"imageTag": "1.0"}])
    assert response["failures"] == []
    assert response["images"][0]["imageManifest"].encode() == pushed.manifest
    assert response["images"][0]["imageId"] == {"imageDigest": digest, "imageTag": "1.0"}
    detail = client.describe_images(repositoryName=NAME)["imageDetails"][0]
    assert detail["imageSizeInBytes"] == sum(map(len, pushed.blobs))
    assert (detail["imageTags"], detail["imageDigest"], detail["imageStatus"]) == (["1.0"], digest, "ACTIVE")
    assert detail["artifactMediaType"] == "application/vnd.oci.image.config.v1+json"
    assert detail["lastRecordedPullTime"].timestamp() == installation.now
    assert client.list_images(repositoryName=NAME)["imageIds"] == [{"imageDigest": digest, "imageTag": "1.0"}]
    url = client.get_download_url_for_layer(repositoryName=NAME, layerDigest=digest_of(pushed.blobs[1]))["downloadUrl"]
    assert url.startswith(f"http://127.0.0.1:4566/v2/{NAME}/blobs/sha256:")


def test_invalid_images_are_refused_with_a_reason(client, repository):
    pushed = image()
    put = {"repositoryName": NAME, "imageManifest": pushed.manifest.decode(), "imageTag": "1"}
    assert code(client.put_image, **put) == "LayersNotFoundException"
    push_by_api(client, NAME, pushed, "1")
    assert code(client.put_image, **put) == "ImageAlreadyExistsException"
    assert code(client.put_image, **put | {"imageDigest": "sha256:" + "0" * 64}) == "ImageDigestDoesNotMatchException"
    assert code(client.put_image, **put | {"imageManifest": "{}"}) == "InvalidParameterException"
    assert code(client.put_image, **put | {"imageTag": "-"}) == "InvalidParameterException"
    other = put | {"imageManifestMediaType": DOCKER_MANIFEST, "imageTag": "2"}
    assert code(client.put_image, **other) == "InvalidParameterException"
    of_nothing = put | {"imageManifest": index(image("absent")).manifest.decode()}
    assert code(client.put_image, **of_nothing) == "ReferencedImagesNotFoundException"


def test_a_tag_moves_unless_it_is_immutable(client, repository):
    first, second = (push_by_api(client, NAME, image(text), "latest") for text in "ab")
    listed = client.list_images(repositoryName=NAME, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert listed == [{"imageDigest": first}]
    assert client.list_images(repositoryName=NAME, filter={"tagStatus": "TAGGED"})["imageIds"] == [
        {"imageDigest": second, "imageTag": "latest"}
    ]
    assert client.list_images(repositoryName=NAME, filter={"imageStatus": "ARCHIVED"})["imageIds"] == []
    client.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    asked = {"repositoryName": NAME, "imageTag": "latest"}
    for text in "ab":
        again = asked | {"imageManifest": image(text).manifest.decode()}
        assert code(client.put_image, **again) == "ImageTagAlreadyExistsException"
    filters = [{"filterType": "WILDCARD", "filter": "late*"}]
    client.put_image_tag_mutability(
        repositoryName=NAME,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=filters,
    )
    assert push_by_api(client, NAME, image("a"), "latest") == first


def test_deleting_tags_and_images(client, repository):
    digest = push_by_api(client, NAME, image(), "1")
    client.put_image(repositoryName=NAME, imageManifest=image().manifest.decode(), imageTag="2")
    whole = push_by_api(client, NAME, index(image()), "all")
    deleted = client.batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": "1"}])
    assert deleted["imageIds"] == [{"imageDigest": digest, "imageTag": "1"}]
    refused = client.batch_delete_image(repositoryName=NAME, imageIds=[{"imageDigest": digest}])["failures"]
    assert refused[0]["failureCode"] == "ImageReferencedByManifestList"
    gone = client.batch_delete_image(repositoryName=NAME, imageIds=[{"imageDigest": whole}, {"imageDigest": digest}])
    assert gone["imageIds"] == [
        {"imageDigest": whole, "imageTag": "all"},
        {"imageDigest": digest, "imageTag": "2"},
    ]
    assert client.list_images(repositoryName=NAME)["imageIds"] == []


@pytest.mark.parametrize(
    ("identifier", "failure"),
    [
        ({}, "MissingDigestAndTag"),
        ({"imageDigest": "x"}, "InvalidImageDigest"),
        ({"imageTag": "absent"}, "ImageNotFound"),
        ({"imageDigest": image().digest, "imageTag": "absent"}, "ImageTagDoesNotMatchDigest"),
    ],
)
def test_failures_of_batches(client, repository, identifier, failure):
    push_by_api(client, NAME, image(), "1")
    for call in (client.batch_get_image, client.batch_delete_image):
        failures = call(repositoryName=NAME, imageIds=[identifier])["failures"]
        assert [(entry["failureCode"], entry["imageId"]) for entry in failures] == [(failure, identifier)]


def test_a_manifest_of_a_type_that_is_not_accepted(client, repository):
    push_by_api(client, NAME, image(), "1")
    asked = {"repositoryName": NAME, "imageIds": [{"imageTag": "1"}], "acceptedMediaTypes": [DOCKER_MANIFEST]}
    assert client.batch_get_image(**asked)["failures"][0]["failureCode"] == "ImageNotFound"


def test_describing_images_by_name(client, repository):
    push_by_api(client, NAME, image(), "1")
    absent = {"repositoryName": NAME, "imageIds": [{"imageTag": "2"}]}
    assert code(client.describe_images, **absent) == "ImageNotFoundException"
    assert code(client.describe_images, **absent | {"imageIds": [{}]}) == "InvalidParameterException"
    assert code(client.describe_images, **absent | {"maxResults": 1}) == "InvalidParameterException"
    for text in "abcd":
        push_by_api(client, NAME, image(text))
    pages = list(
        client.get_paginator("describe_images").paginate(repositoryName=NAME, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["imageDetails"]) for page in pages] == [2, 2, 1]


def test_the_upload_of_a_layer_in_parts(client, repository):
    upload = client.initiate_layer_upload(repositoryName=NAME)["uploadId"]
    of_upload = {"repositoryName": NAME, "uploadId": upload}
    layer = {"layerDigests": [digest_of(b"abcdef")]}
    assert code(client.complete_layer_upload, **of_upload, **layer) == "EmptyUploadException"
    first = {"partFirstByte": 0, "partLastByte": 2, "layerPartBlob": b"abc"}
    assert client.upload_layer_part(**of_upload, **first)["lastByteReceived"] == 2
    assert code(client.upload_layer_part, **of_upload, **first) == "InvalidLayerPartException"
    uneven = {"partFirstByte": 3, "partLastByte": 9, "layerPartBlob": b"def"}
    assert code(client.upload_layer_part, **of_upload, **uneven) == "InvalidParameterException"
    client.upload_layer_part(**of_upload, partFirstByte=3, partLastByte=5, layerPartBlob=b"def")
    client.complete_layer_upload(**of_upload, **layer)
    assert code(client.upload_layer_part, **of_upload, **first) == "UploadNotFoundException"
    shown = client.batch_check_layer_availability(repositoryName=NAME, layerDigests=[layer["layerDigests"][0], "x"])
    assert (shown["layers"][0]["layerAvailability"], shown["layers"][0]["layerSize"]) == ("AVAILABLE", 6)
    assert shown["failures"][0]["failureCode"] == "InvalidLayerDigest"


def test_a_layer_with_another_digest_leaves_nothing(client, repository, installation):
    upload = client.initiate_layer_upload(repositoryName=NAME)["uploadId"]
    of_upload = {"repositoryName": NAME, "uploadId": upload}
    client.upload_layer_part(**of_upload, partFirstByte=0, partLastByte=0, layerPartBlob=b"a")
    assert code(client.complete_layer_upload, **of_upload, layerDigests=[digest_of(b"b")]) == "InvalidLayerException"
    assert code(client.complete_layer_upload, **of_upload, layerDigests=[digest_of(b"a")]) == "UploadNotFoundException"
    assert len(installation.store.world.repository_layers) == 0


def test_a_layer_that_is_there_and_too_many_uploads(client, repository):
    push_by_api(client, NAME, image())
    upload = client.initiate_layer_upload(repositoryName=NAME)["uploadId"]
    of_upload = {"repositoryName": NAME, "uploadId": upload}
    client.upload_layer_part(**of_upload, partFirstByte=0, partLastByte=0, layerPartBlob=b"a")
    there = [digest_of(image().blobs[0])]
    assert code(client.complete_layer_upload, **of_upload, layerDigests=there) == "LayerAlreadyExistsException"
    for _ in range(2):
        client.initiate_layer_upload(repositoryName=NAME)
    assert code(client.initiate_layer_upload, repositoryName=NAME) == "InvalidParameterException"


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("create_repository", {"repositoryName": NAME}, "RepositoryAlreadyExistsException"),
        ("create_repository", {"repositoryName": "UPPER"}, "InvalidParameterException"),
        ("create_repository", {"repositoryName": "a/../b"}, "InvalidParameterException"),
        ("create_repository", {"repositoryName": "ab", "registryId": OTHER_ACCOUNT}, "InvalidParameterException"),
        (
            "create_repository",
            {"repositoryName": "ab", "encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "x"}},
            "InvalidParameterException",
        ),
        (
            "put_image_tag_mutability",
            {"repositoryName": NAME, "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
            "InvalidParameterException",
        ),
        ("describe_images", {"repositoryName": "absent"}, "RepositoryNotFoundException"),
        (
            "get_download_url_for_layer",
            {"repositoryName": NAME, "layerDigest": "sha256:" + "0" * 64},
            "LayersNotFoundException",
        ),
        ("start_image_scan", {"repositoryName": NAME, "imageId": {"imageTag": "1"}}, "UnsupportedOperationException"),
    ],
)
def test_modelled_errors(client, repository, name, asked, expected):
    assert code(getattr(client, name), **asked) == expected


@pytest.mark.parametrize("name", ecr(None).operations)  # type: ignore[arg-type]  # the handlers are not called
def test_any_input_is_answered_or_refused_as_modelled(client, repository, installation, name):
    digest = push_by_api(client, NAME, image(), "1")
    if name == "BatchGetImage":  # records when an image was pulled, once a day
        client.batch_get_image(repositoryName=NAME, imageIds=[{"imageTag": "1"}])
        installation.clock.turn_to(later(installation.now, 60))
    values_by_member = {
        "repositoryName": [NAME, "other"],
        "resourceArn": [ARN],
        "imageDigest": [digest],
        "imageTag": ["1", "2"],
        "imageManifest": [image().manifest.decode(), index(image()).manifest.decode()],
        "registryId": ["123456789012"],
        "lifecyclePolicyText": [rules({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3})],
        "policyText": [STATEMENT],
        "layerDigest": [digest_of(image().blobs[0])],
    }
    ask_anything(installation, "ecr", name, values_by_member, COMMON)
