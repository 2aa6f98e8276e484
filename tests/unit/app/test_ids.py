from __future__ import annotations

import re
from uuid import UUID

import pytest

from moyai.app.ids import SystemIds


@pytest.fixture
def ids():
    return SystemIds()


def test_a_uuid_is_random_and_written_in_lower_case(ids):
    text = ids.uuid()
    uuid = UUID(text)
    assert (uuid.version, uuid.variant, str(uuid)) == (4, "specified in RFC 4122", text)


@pytest.mark.parametrize(
    ("kind", "length", "shape"),
    [
        ("hex", 32, "[0-9a-f]{32}"),
        ("hex", 17, "[0-9a-f]{17}"),
        ("decimal", 19, "[1-9][0-9]{18}"),
        ("decimal", 1, "[1-9]"),
        ("alphanumeric", 16, "[a-z0-9]{16}"),
        ("hex", 0, ""),
        ("decimal", 0, ""),
        ("alphanumeric", 0, ""),
    ],
)
def test_an_id_has_its_length_and_alphabet(ids, kind, length, shape):
    for _ in range(50):
        assert re.fullmatch(shape, getattr(ids, kind)(length))


@pytest.mark.parametrize(("kind", "arguments"), [("uuid", ()), ("hex", (32,)), ("decimal", (19,))])
def test_ids_do_not_repeat(ids, kind, arguments):
    drawn = [getattr(ids, kind)(*arguments) for _ in range(200)]
    assert len(set(drawn)) == len(drawn)
