"""Lists of certificates.

Promise: a list without ``keyTypes`` has RSA certificates of up to 2048 bits with a name only, as AWS's has.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from moyai.api.acm.view import summary
from moyai.api.operation import Context
from moyai.domain.acm.certificate import ManagedCertificate
from moyai.domain.acm.errors import InvalidArgs
from moyai.domain.keys import scope_key
from moyai.domain.paging import page

_PAGE_SIZE = 1000
_ANY, _NONE = "ANY", "NONE"
_USUAL_KEYS = ("RSA_1024", "RSA_2048")


class Filters(msgspec.Struct, frozen=True):
    """Filters: a certificate must match one item of each list that is set."""

    extended_key_usage: tuple[str, ...] = ()
    key_usage: tuple[str, ...] = ()
    key_types: tuple[str, ...] = ()
    export_option: str | None = None
    managed_by: str | None = None


class ListCertificatesRequest(msgspec.Struct, frozen=True):
    certificate_statuses: tuple[str, ...] = ()
    certificate_key_pair_origins: tuple[str, ...] = ()
    root_hierarchy_types: tuple[str, ...] = ()
    includes: Filters = Filters()
    next_token: str | None = None
    max_items: int | None = None
    sort_by: str | None = None
    sort_order: str | None = None


def list_certificates(ctx: Context, request: ListCertificatesRequest) -> dict[str, object]:
    """A page of the certificates that pass the filters, the oldest first."""
    if (request.sort_by is None) != (request.sort_order is None):
        raise InvalidArgs("SortBy and SortOrder go together.")
    world = ctx.store.world
    certificates = world.managed_certificates.by("scope", scope_key(ctx.scope))
    matching = {
        _sort_key(certificate): certificate
        for certificate in certificates
        if _matches(certificate, summary(world, certificate), request)
    }
    filters = (request.certificate_statuses, request.certificate_key_pair_origins, request.root_hierarchy_types)
    listing = ("ListCertificates", *filters, request.includes, request.sort_order)
    size, descending = request.max_items or _PAGE_SIZE, request.sort_order == "DESCENDING"
    on_page = page(matching, listing, request.next_token, size, fault=InvalidArgs, descending=descending)
    return {
        "certificate_summary_list": [summary(world, matching[key]) for key in on_page.keys],
        "next_token": on_page.next_token,
    }


def _sort_key(certificate: ManagedCertificate) -> str:
    """The sort key: certificates are in the order in which they were requested."""
    return f"{certificate.created_at:020.6f} {certificate.arn}"


def _matches(certificate: ManagedCertificate, view: Mapping[str, Any], request: ListCertificatesRequest) -> bool:
    """Whether a certificate passes the filters; those for public roots and managing services match nothing."""
    includes = request.includes
    return (
        not request.root_hierarchy_types
        and includes.managed_by is None
        and _in(certificate.status, request.certificate_statuses)
        and _in(view["certificate_key_pair_origin"], request.certificate_key_pair_origins)
        and includes.export_option in {None, view["export_option"]}
        and (certificate.key_algorithm in includes.key_types if includes.key_types else _is_usual(certificate))
        and _has(view.get("key_usages", ()), includes.key_usage)
        and _has(view.get("extended_key_usages", ()), includes.extended_key_usage)
    )


def _is_usual(certificate: ManagedCertificate) -> bool:
    return certificate.key_algorithm in _USUAL_KEYS and bool(certificate.names)


def _in(value: str, wanted: Collection[str]) -> bool:
    return not wanted or value in wanted


def _has(usages: Collection[str], wanted: Collection[str]) -> bool:
    return not wanted or _ANY in wanted or (_NONE in wanted and not usages) or any(u in wanted for u in usages)
