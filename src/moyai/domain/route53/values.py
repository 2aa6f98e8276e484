"""The values of records, parsed from the text in which Route 53 has them.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import dns.exception
import dns.rdata
import dns.rdatatype
from dns.name import Name
from dns.rdata import Rdata
from dns.rdataclass import IN
from dns.rdatatype import RdataType

from moyai.domain.route53.names import labels_of

_NAMES: Final = frozenset({"CNAME", "NS", "PTR"})
"""The types whose value is a name alone, which may have octal codes."""
_TEXTS: Final = frozenset({"TXT", "SPF"})
_CODE: Final = re.compile(r"\\(?:([0-3][0-7]{2})|[^0-9])")
_OTHER_CODE: Final = re.compile(r"\\[0-9]")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_ZONE_FILE_SYNTAX: Final = re.compile(r"[;()\n]|\\#")
"""The syntax that dnspython reads but Route 53 does not: comments, values over several lines, and unknown types."""
_PROBLEMS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "A": ("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address"),
        "AAAA": ("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address"),
    }
)


class RecordValueProblem(ValueError):
    """A value is not valid for its type; the message says why in the form of Route 53's messages."""

    def __init__(self, code: str, explanation: str, value: str) -> None:
        super().__init__(f"FATAL problem: {code} ({explanation}) encountered with '{value}'")


def rdata_of(kind: str, value: str) -> Rdata:
    """The value of a record of this type. Raises RecordValueProblem or DomainNameProblem."""
    rdtype = RdataType[kind]
    if kind in _NAMES:
        name = Name((*labels_of(value), b""))
        return dns.rdata.from_text(IN, rdtype, name.to_text())
    if kind in _TEXTS and not value.startswith('"'):
        raise RecordValueProblem("InvalidCharacterString", "Value should be enclosed in quotation marks", value)
    if _ZONE_FILE_SYNTAX.search(_QUOTED.sub("", value)) or _OTHER_CODE.search(_CODE.sub("", value)):
        raise RecordValueProblem(f"{kind}RRDATAInvalid", "Value contains unsupported characters", value)
    try:
        return dns.rdata.from_text(IN, rdtype, _CODE.sub(_decimal, value), origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError) as error:
        default = (f"{kind}RRDATAInvalid", f"Value is not valid for the type {kind}: {error}")
        raise RecordValueProblem(*_PROBLEMS.get(kind, default), value) from error


def _decimal(match: re.Match[str]) -> str:
    """A code as dnspython reads it: Route 53's are octal, those of zone files decimal."""
    return match[0] if match[1] is None else f"\\{int(match[1], 8):03}"
