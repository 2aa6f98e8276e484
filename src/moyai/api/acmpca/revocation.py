"""revocationConfiguration, which can only be disabled, because moyai does not publish revocations.

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_RevocationConfiguration.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.pca.errors import InvalidArgs


class CrlConfiguration(msgspec.Struct, frozen=True):
    """Lists of revoked certificates."""

    enabled: bool


class OcspConfiguration(msgspec.Struct, frozen=True):
    """Answers about single certificates."""

    enabled: bool


class RevocationConfiguration(msgspec.Struct, frozen=True):
    """The two ways to publish revocations."""

    crl_configuration: CrlConfiguration | None = None
    ocsp_configuration: OcspConfiguration | None = None


NONE = RevocationConfiguration(CrlConfiguration(enabled=False), OcspConfiguration(enabled=False))


def check_off(asked: RevocationConfiguration | None) -> None:
    """Raises InvalidArgs where something is switched on."""
    parts = () if asked is None else (asked.crl_configuration, asked.ocsp_configuration)
    if any(part is not None and part.enabled for part in parts):
        raise InvalidArgs(
            "RevocationConfiguration: Enabled is not supported by moyai: nothing here publishes revocations. Issue"
            " certificates of a short life instead."
        )
