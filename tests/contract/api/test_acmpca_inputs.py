"""Whatever the model allows as input, an operation of Private CA answers it or raises an error that a client can read,
and an error changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings

from moyai.api.acmpca.service import acmpca
from moyai.pki.library import CryptographyPki
from tests.contract.api.drawn import values
from tests.contract.api.installation import MODELS, Installation
from tests.contract.api.test_acmpca_boto3 import NOBODY, ROOT, SERVER, a_csr, active, create, csr_of, issue

pytestmark = pytest.mark.long

MODEL = MODELS["acm-pca"]
COMMON = {"ValidationException", "SerializationException"}


def create_authorities(installation: Installation) -> dict[str, list[str]]:
    """Authorities in several states and a certificate; strings that mean something among them."""
    pca = installation.client("acm-pca")
    signing, disabled = active(pca), active(pca)
    waiting = create(pca)
    pca.update_certificate_authority(CertificateAuthorityArn=disabled, Status="DISABLED")
    issued = issue(pca, signing, a_csr(), {"Type": "DAYS", "Value": 1})
    return {
        "CertificateAuthorityArn": [signing, disabled, waiting, NOBODY],
        "CertificateArn": [issued["arn"], f"{NOBODY}/certificate/00"],
        "TemplateArn": [ROOT, SERVER],
        "Csr": [csr_of(pca, signing).decode()],
        "Certificate": [issued["pem"]],
        "CertificateChain": [issued["pem"]],
        "Country": ["JP"],
        "CommonName": ["shop", "店"],
    }


def failure(call: Callable[[], object]) -> ClientError | None:
    try:
        call()
    except ClientError as error:
        return error
    return None


@pytest.mark.parametrize("name", sorted(acmpca(CryptographyPki()).operations))
def test_any_input_is_answered_or_refused_as_modelled(installation, name):
    authorities = create_authorities(installation)
    client = installation.client("acm-pca")
    model = MODEL.operation_model(name)
    modelled = {error.name for error in model.error_shapes} | COMMON

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values(model.input_shape, authorities))
    def ask(params: dict[str, Any]) -> None:
        before = list(installation.store.world.records())
        error = failure(lambda: getattr(client, xform_name(name))(**params))
        if error is not None:
            assert error.response["Error"]["Code"] in modelled, error
            assert list(installation.store.world.records()) == before

    ask()
