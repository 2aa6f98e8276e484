"""The conditions of rules: read from requests, checked, and shown as AWS shows them.

Promise: a rule has at most one condition each on the host, the path, the method and the source, any number on headers
and the query, and five values and five wildcards in all. Host and path conditions are shown in both of their forms.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import Final, TypeVar

import msgspec

from moyai.api.re2_expression import expression_fault
from moyai.domain.elb.quotas import CONDITION_VALUES, CONDITION_WILDCARDS, REGEX_INSTRUCTIONS
from moyai.domain.elb.rule import (
    Condition,
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    SourceCondition,
)
from moyai.kernel.errors import InvalidInput

_V = TypeVar("_V")
_FIELDS: Final = ("host-header", "path-pattern", "http-header", "query-string", "http-request-method", "source-ip")
_LONGEST: Final = 128
_LONGEST_HEADER: Final = 40
_HOST: Final = re.compile(r"[A-Za-z0-9.*?-]+", re.ASCII)
_PATH: Final = re.compile(r"[A-Za-z0-9_\-.$/~\"'@:+&*?]+", re.ASCII)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+", re.ASCII)
_METHOD: Final = re.compile(r"[A-Z_-]{1,40}", re.ASCII)
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
_AT_MOST_ONCE: Final = frozenset({"host-header", "path-pattern", "http-request-method", "source-ip"})


class ValuesRequest(msgspec.Struct, frozen=True):
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


class HeaderRequest(msgspec.Struct, frozen=True):
    http_header_name: str | None = None
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


class QueryValueRequest(msgspec.Struct, frozen=True):
    value: str | None = None
    key: str | None = None


class QueryRequest(msgspec.Struct, frozen=True):
    values: tuple[QueryValueRequest, ...] = ()


class MethodRequest(msgspec.Struct, frozen=True):
    values: tuple[str, ...] = ()


class SourceRequest(msgspec.Struct, frozen=True):
    values: tuple[str, ...] = ()


class ConditionRequest(msgspec.Struct, frozen=True, kw_only=True):
    field: str | None = None
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()
    host_header_config: ValuesRequest | None = None
    path_pattern_config: ValuesRequest | None = None
    http_header_config: HeaderRequest | None = None
    query_string_config: QueryRequest | None = None
    http_request_method_config: MethodRequest | None = None
    source_ip_config: SourceRequest | None = None

    @property
    def configs(self) -> dict[str, object]:
        """The configurations that are set, each by the field that it is for."""
        configs = {
            "host-header": self.host_header_config,
            "path-pattern": self.path_pattern_config,
            "http-header": self.http_header_config,
            "query-string": self.query_string_config,
            "http-request-method": self.http_request_method_config,
            "source-ip": self.source_ip_config,
        }
        return {field: config for field, config in configs.items() if config is not None}


def conditions_of(requests: Sequence[ConditionRequest]) -> tuple[Condition, ...]:
    """The conditions of a rule. Raises InvalidInput."""
    if not requests:
        raise InvalidInput("A condition must be specified")
    conditions = tuple(_condition(request) for request in requests)
    fields = Counter(request.field for request in requests)
    repeated = [field for field in _AT_MOST_ONCE if fields[field] > 1]
    if repeated:
        raise InvalidInput(f"A rule can only have one '{repeated[0]}' condition")
    if sum(len(values_of(condition)) for condition in conditions) > CONDITION_VALUES:
        raise InvalidInput(f"A rule can only have '{CONDITION_VALUES}' condition values")
    if sum(_wildcards(condition) for condition in conditions) > CONDITION_WILDCARDS:
        raise InvalidInput(f"A rule can only have '{CONDITION_WILDCARDS}' condition wildcards")
    return conditions


def condition_view(condition: Condition) -> dict[str, object]:
    """A condition as the API has it."""
    match condition:
        case HostCondition(values, patterns):
            return _patterns_view("host-header", "host_header_config", values, patterns)
        case PathCondition(values, patterns):
            return _patterns_view("path-pattern", "path_pattern_config", values, patterns)
        case HeaderCondition(name, values, patterns):
            config: dict[str, object] = {"http_header_name": name, "values": values, "regex_values": patterns}
            return {"field": "http-header", "http_header_config": config}
        case MethodCondition(values):
            return {"field": "http-request-method", "http_request_method_config": {"values": values}}
        case QueryCondition(pairs):
            config = {"values": [{"key": pair.key, "value": pair.value} for pair in pairs]}
            return {"field": "query-string", "query_string_config": config}
        case SourceCondition(values):
            return {"field": "source-ip", "source_ip_config": {"values": values}}


def values_of(condition: Condition) -> Sequence[object]:
    """The values of a condition, one of which has to match."""
    patterns = () if isinstance(condition, MethodCondition | QueryCondition | SourceCondition) else condition.patterns
    return (*condition.values, *patterns)


def _patterns_view(field: str, config: str, values: Sequence[str], patterns: Sequence[str]) -> dict[str, object]:
    members = {"values": values, "regex_values": patterns}
    return {"field": field, **members, config: members}


def _condition(request: ConditionRequest) -> Condition:
    field = request.field
    if field is None:
        raise InvalidInput("A condition must have a field")
    if field not in _FIELDS:
        raise InvalidInput(f"Condition field '{field}' must be one of '[{', '.join(_FIELDS)}]'")
    other_fields = [name for name in request.configs if name != field]
    if other_fields:
        raise InvalidInput(f"A condition on the field '{field}' has no configuration of the field '{other_fields[0]}'")
    plain = ValuesRequest(request.values, request.regex_values)
    if field in {"host-header", "path-pattern"}:
        return _pattern_condition(field, plain, request.host_header_config or request.path_pattern_config)
    if plain != ValuesRequest() and field != "http-header":
        raise InvalidInput(f"A condition on the field '{field}' has its values in its configuration")
    match request.configs.get(field):
        case HeaderRequest() as header:
            return _header(header, request)
        case QueryRequest() as query:
            return _query(query)
        case MethodRequest() as method:
            return MethodCondition(_checked_values(field, method.values, _METHOD))
        case SourceRequest() as source:
            return SourceCondition(tuple(_range(text) for text in _present(field, source.values)))
    raise InvalidInput(f"A condition on the field '{field}' must have its configuration")


def _pattern_condition(field: str, plain: ValuesRequest, config: ValuesRequest | None) -> Condition:
    """A host or path condition, whose values are in the request itself or in its configuration."""
    if config is not None and plain not in {ValuesRequest(), config}:
        raise InvalidInput(f"Condition field '{field}': specify the values once, in Values or in the configuration")
    texts = config or plain
    patterns = _expressions(field, texts.regex_values)
    is_host = field == "host-header"
    values = _checked_values(field, texts.values, _HOST if is_host else _PATH) if texts.values or not patterns else ()
    return HostCondition(values, patterns) if is_host else PathCondition(values, patterns)


def _header(config: HeaderRequest, request: ConditionRequest) -> HeaderCondition:
    name = config.http_header_name or ""
    if len(name) > _LONGEST_HEADER or not _HEADER_NAME.fullmatch(name):
        raise InvalidInput(f"Condition field 'http-header': '{name[:100]}' is not the name of a header")
    if name.lower() == "host":
        raise InvalidInput("Condition field 'http-header': use 'host-header' for the host")
    if request.values:
        raise InvalidInput("A condition on the field 'http-header' has its values in its configuration")
    patterns = _expressions("http-header", config.regex_values or request.regex_values)
    if not config.values and patterns:
        return HeaderCondition(name, (), patterns)
    return HeaderCondition(name, _checked_values("http-header", config.values, None), patterns)


def _query(config: QueryRequest) -> QueryCondition:
    pairs = _present("query-string", config.values)
    values = [QueryValue(pair.value or "", pair.key) for pair in pairs]
    if any(not pair.value for pair in values):
        raise InvalidInput("Condition field 'query-string': each value must have a Value")
    texts = [pair.value for pair in values] + [pair.key for pair in values if pair.key is not None]
    _checked_values("query-string", texts, None)
    return QueryCondition(tuple(values))


def _checked_values(field: str, values: Sequence[str], allowed: re.Pattern[str] | None) -> tuple[str, ...]:
    for value in _present(field, values):
        if not 1 <= len(value) <= _LONGEST:
            raise InvalidInput(f"Condition value '{value[:100]}' must have 1 to {_LONGEST} characters")
        is_valid = value.isascii() and value.isprintable() if allowed is None else bool(allowed.fullmatch(value))
        if not is_valid:
            raise InvalidInput(f"Condition value '{value}' contains a character that is not valid for '{field}'")
    return tuple(values)


def _expressions(field: str, patterns: Sequence[str]) -> tuple[str, ...]:
    for pattern in patterns:
        if not 1 <= len(pattern) <= _LONGEST:
            raise InvalidInput(f"Condition regular expression '{pattern[:100]}' must have 1 to {_LONGEST} characters")
        if not pattern.isprintable():
            raise InvalidInput(f"Condition field '{field}': {pattern!r} has a character that is not printable")
        fault = expression_fault(pattern, REGEX_INSTRUCTIONS)
        if fault is not None:
            raise InvalidInput(f"Condition field '{field}': {fault}")
    return tuple(patterns)


def _present(field: str, values: Sequence[_V]) -> Sequence[_V]:
    if not values:
        raise InvalidInput(f"Condition field '{field}' must have at least one value")
    return values


def _range(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        network = None
    if network is None or "/" not in text:
        raise InvalidInput(f"Condition value '{text[:100]}' must be a range of addresses in CIDR format")
    return text


def _wildcards(condition: Condition) -> int:
    match condition:
        case QueryCondition(pairs):
            texts: Iterable[str] = [text for pair in pairs for text in (pair.key or "", pair.value)]
        case HostCondition() | PathCondition() | HeaderCondition():
            texts = condition.values
        case _:
            texts = ()
    return sum(_ESCAPED.sub("", text).count(wildcard) for text in texts for wildcard in "*?")
