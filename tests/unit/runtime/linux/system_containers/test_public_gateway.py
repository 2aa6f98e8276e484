"""The gateway's record of its ports, whatever is in it."""

from __future__ import annotations

import pytest

from moyai.runtime.linux.system_containers.public_gateway import read_assigned


def test_a_gateway_that_has_no_record_has_assigned_nothing(tmp_path):
    assert read_assigned(tmp_path / "ports.json") == {}


@pytest.mark.parametrize("content", [b"", b'{"127.83.0.1:80": 20', b'{"127.83.0.1:80": "x"}', b"[]", b'{"\xff": 1}'])
def test_a_damaged_record_counts_as_none_and_is_logged_in_one_sentence(tmp_path, caplog, content):
    file = tmp_path / "ports.json"
    file.write_bytes(content)
    assert read_assigned(file) == {}
    [record] = caplog.records
    assert record.message.startswith(f"{file} is damaged, so public ports get other gateway ports than before: ")
    assert record.exc_info is None
