"""The security policies of listeners: TLS versions and cipher suites, as OpenSSL names them.

Refuses: policies for FIPS 140 and for post-quantum key exchange, which are not in the list.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

DEFAULT_POLICY: Final = "ELBSecurityPolicy-2016-08"
"""The policy of a listener that names none."""

_TLS_1_3: Final = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
_FORWARD_SECRET_GCM: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
_FORWARD_SECRET: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
)
_FORWARD_SECRET_SHA1: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-ECDSA-AES256-SHA",
)
_RSA: Final = ("AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256")
_ALL_CIPHERS: Final = (
    *_FORWARD_SECRET_SHA1,
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES128-SHA",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
    "AES256-SHA",
)


class SslPolicy(NamedTuple):
    """A security policy: its TLS versions (``1.0`` to ``1.3``), the oldest first, and its cipher suites by
    preference.
    """

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]


_ANY: Final = ("1.0", "1.1", "1.2")
_FROM_1_1: Final = ("1.1", "1.2")
_ONLY_1_2: Final = ("1.2",)

SSL_POLICIES: Final[Mapping[str, SslPolicy]] = MappingProxyType(
    {
        DEFAULT_POLICY: SslPolicy(_ANY, _ALL_CIPHERS),
        "ELBSecurityPolicy-2015-05": SslPolicy(_ANY, _ALL_CIPHERS),
        "ELBSecurityPolicy-TLS-1-0-2015-04": SslPolicy(_ANY, (*_ALL_CIPHERS, "DES-CBC3-SHA")),
        "ELBSecurityPolicy-TLS-1-1-2017-01": SslPolicy(_FROM_1_1, _ALL_CIPHERS),
        "ELBSecurityPolicy-TLS-1-2-2017-01": SslPolicy(_ONLY_1_2, (*_FORWARD_SECRET, *_RSA)),
        "ELBSecurityPolicy-TLS-1-2-Ext-2018-06": SslPolicy(_ONLY_1_2, _ALL_CIPHERS),
        "ELBSecurityPolicy-FS-2018-06": SslPolicy(_ANY, _FORWARD_SECRET_SHA1),
        "ELBSecurityPolicy-FS-1-1-2019-08": SslPolicy(_FROM_1_1, _FORWARD_SECRET_SHA1),
        "ELBSecurityPolicy-FS-1-2-2019-08": SslPolicy(_ONLY_1_2, _FORWARD_SECRET_SHA1),
        "ELBSecurityPolicy-FS-1-2-Res-2019-08": SslPolicy(_ONLY_1_2, _FORWARD_SECRET),
        "ELBSecurityPolicy-FS-1-2-Res-2020-10": SslPolicy(_ONLY_1_2, _FORWARD_SECRET_GCM),
        "ELBSecurityPolicy-TLS13-1-0-2021-06": SslPolicy((*_ANY, "1.3"), (*_TLS_1_3, *_ALL_CIPHERS)),
        "ELBSecurityPolicy-TLS13-1-1-2021-06": SslPolicy((*_FROM_1_1, "1.3"), (*_TLS_1_3, *_ALL_CIPHERS)),
        "ELBSecurityPolicy-TLS13-1-2-2021-06": SslPolicy(("1.2", "1.3"), (*_TLS_1_3, *_FORWARD_SECRET)),
        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06": SslPolicy(("1.2", "1.3"), (*_TLS_1_3, *_FORWARD_SECRET_GCM)),
        "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06": SslPolicy(("1.2", "1.3"), (*_TLS_1_3, *_FORWARD_SECRET, *_RSA)),
        "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06": SslPolicy(("1.2", "1.3"), (*_TLS_1_3, *_ALL_CIPHERS)),
        "ELBSecurityPolicy-TLS13-1-3-2021-06": SslPolicy(("1.3",), _TLS_1_3),
    }
)
"""The policies by name."""
