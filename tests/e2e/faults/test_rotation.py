"""Certificates that are renewed while a service is called all the time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.faults.field import Field, Row, faultless, nothing_unknown
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

BUILT_IN: dict[str, Any] = {"issuerCertificateAuthority": {}}


@pytest.fixture(scope="module")
def encrypted_field(field: Field, rows: list[Row]) -> Field:
    return Field(field.installation, rows, "rotation", tls=BUILT_IN)


def wait_for_renewal(field: Field) -> None:
    """Wait until every task shows another certificate than it does now."""
    before = field.certificates()
    assert before
    eventually(lambda: field.certificates().isdisjoint(before), "every task shows a new one")


def test_certificate_renewal_fails_no_request(encrypted_field):
    with encrypted_field.load("certificates are renewed, twice") as run:
        for _ in range(2):
            wait_for_renewal(encrypted_field)
    faultless(run)
    nothing_unknown(run)
