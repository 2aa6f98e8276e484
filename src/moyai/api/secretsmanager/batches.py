"""BatchGetSecretValue: the current values of several secrets.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
"""

from __future__ import annotations

from moyai.api.operation import Context, PageRequest
from moyai.api.secretsmanager.listing import Filter, conditions
from moyai.api.secretsmanager.values import GetSecretValueRequest, get_secret_value
from moyai.domain.keys import scope_key
from moyai.domain.paging import page
from moyai.domain.secretsmanager.errors import InvalidNextToken, InvalidParameter, InvalidRequest, ResourceNotFound

_PAGE_SIZE = 20


class BatchGetSecretValueRequest(PageRequest, frozen=True):
    """Secrets by their ids, or by filters."""

    secret_id_list: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()


def batch_get_secret_value(ctx: Context, request: BatchGetSecretValueRequest) -> dict[str, object]:
    """The values of secrets; the response has an error for each secret without one."""
    if bool(request.secret_id_list) == bool(request.filters):
        raise InvalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if request.secret_id_list and request.max_results is not None:
        raise InvalidParameter("'MaxResults' can be provided with 'Filters' only.")
    ids, token = list(dict.fromkeys(request.secret_id_list)), None
    if request.filters:
        matches = conditions(request.filters)
        own = ctx.store.world.secrets.by("scope", scope_key(ctx.scope))
        keys = (secret.key for secret in own if secret.deleted_at is None and matches(secret))
        listing = ("BatchGetSecretValue", request.filters)
        size = min(request.max_results or _PAGE_SIZE, _PAGE_SIZE)
        ids, token = page(keys, listing, request.next_token, size, fault=InvalidNextToken)
    values: list[dict[str, object]] = []
    errors: list[dict[str, object]] = []
    for identity in ids:
        try:
            values.append(get_secret_value(ctx, GetSecretValueRequest(identity)))
        except (ResourceNotFound, InvalidRequest) as error:
            errors.append({"secret_id": identity, "error_code": error.code, "message": str(error)})
    return {"secret_values": values, "errors": errors, "next_token": token}
