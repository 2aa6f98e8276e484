"""Names of images that stand for others."""

from __future__ import annotations

import pytest

from moyai.images.names import BadMapping, ImageNames, parse_mappings
from moyai.images.reference import parse_reference

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "0" * 64
NAMES = ImageNames(
    parse_mappings(
        [
            f"{ECR}/app=app",
            f"{ECR}/app:old=legacy:1",
            f"{ECR}/=localhost:5000/",
            "nginx=moyai.local/host",
            f"{ECR}/a/=b/",
        ]
    )
)


@pytest.mark.parametrize(
    ("image", "other"),
    [
        (f"{ECR}/app:dev", "docker.io/library/app:dev"),
        (f"{ECR}/app:old", "docker.io/library/legacy:1"),
        (f"{ECR}/app@{DIGEST}", f"docker.io/library/app@{DIGEST}"),
        (f"{ECR}/team/web:2", "localhost:5000/team/web:2"),
        (f"{ECR}/a/web:2", "docker.io/b/web:2"),
        ("nginx:1.27", "moyai.local/host:1.27"),
        ("docker.io/library/nginx", "moyai.local/host:latest"),
        ("redis", None),
        ("nginx/other", None),
    ],
)
def test_the_most_specific_mapping_counts(image, other):
    mapped = NAMES.map(parse_reference(image))
    assert (None if mapped is None else str(mapped)) == other


@pytest.mark.parametrize("text", ["nginx", "nginx/=other", "Nginx=other", "nginx=", "=nginx", "a/=b//"])
def test_a_text_that_is_no_mapping_is_refused(text):
    with pytest.raises(BadMapping, match=r"IMAGE=OTHER|invalid reference format"):
        parse_mappings([text])
