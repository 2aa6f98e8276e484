"""References of images are parsed and normalised as Docker does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.images.errors import BadReference
from moyai.images.reference import ImageReference, parse_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4

NORMALISED = [
    ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
    ("nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"),
    ("shop/web", "docker.io/shop/web:latest", "shop/web:latest"),
    ("index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
    ("docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
    ("docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
    ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
    ("localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"),
    ("localhost:5000/a:b", "localhost:5000/a:b", "localhost:5000/a:b"),
    ("docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"),
    ("host.domain/a", "host.domain/a:latest", "host.domain/a:latest"),
    ("HOST/a", "HOST/a:latest", "HOST/a:latest"),
    ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"),
    ("public.ecr.aws/docker/library/nginx:1", "public.ecr.aws/docker/library/nginx:1", None),
    (
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
        None,
    ),
    (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}", f"nginx@{DIGEST}"),
    (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}", f"nginx:1@{DIGEST}"),
    ("a__b/c-d.e---f", "docker.io/a__b/c-d.e---f:latest", "a__b/c-d.e---f:latest"),
]


@pytest.mark.parametrize(("text", "canonical", "familiar"), NORMALISED)
def test_a_reference_is_normalised(text, canonical, familiar):
    reference = parse_reference(text)
    assert str(reference) == canonical
    assert reference.familiar == (familiar or canonical)


MALFORMED = {
    "": "write NAME",
    ":tag": "write NAME",
    "/a": "write NAME",
    "a//b": "write NAME",
    "a/../b": "write NAME",
    "../a": "host name",
    "a/": "write NAME",
    "Nginx": "lower case",
    "a:b:c": "write NAME",
    "a:": "a tag is",
    "a:-b": "a tag is",
    "a:" + "t" * 129: "a tag is",
    "a@": "the digest",
    "a@sha256:00": "the digest",
    "a@" + DIGEST.upper(): "the digest",
    "a@sha512:" + "0" * 128: "the digest",
    "0" * 64: "an image's id",
    "host.domain:port/a": "host name",
    "-host.domain/a": "host name",
    "a b": "write NAME",
    "a\n": "write NAME",
    "a:b\n": "a tag is",
    "é": "write NAME",
    "localhost:\u0665/a": "host name",
    "host.domain/" + "a" * 250: "at most 255 characters",
}


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_reference_is_refused_with_its_reason(text):
    with pytest.raises(BadReference, match=r"^invalid reference format: ") as refused:
        parse_reference(text)
    assert MALFORMED[text] in str(refused.value)
    assert len(str(refused.value)) < 500


component = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
registry = st.one_of(
    st.just("docker.io"),
    st.just("localhost"),
    st.from_regex(r"[a-zA-Z0-9]{1,5}(\.[a-zA-Z0-9]{1,5}){1,2}(:[0-9]{1,5})?", fullmatch=True),
)
references = st.builds(
    ImageReference,
    registry.filter(lambda name: name != "index.docker.io"),
    st.lists(component, min_size=2, max_size=4).map("/".join),
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    st.none() | st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True),
)


@given(references)
def test_canonical_and_familiar_text_parse_to_the_reference(reference):
    assert parse_reference(str(reference)) == reference
    assert parse_reference(reference.familiar) == reference


@given(st.text(st.sampled_from("aZ0._-:/@[]\n\0 é"), max_size=40))
def test_any_text_is_parsed_or_refused(text):
    try:
        reference = parse_reference(text)
    except BadReference:
        return
    assert parse_reference(str(reference)) == reference
    assert ".." not in str(reference)
    assert "\0" not in str(reference)
