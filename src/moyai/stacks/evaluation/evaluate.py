"""The evaluation of expressions, as far as their values are known.

Promise: the result is a value when everything that the expression refers to is known; otherwise functions of unknown
values remain in it. So one evaluator serves before the resources exist, for order and change sets, and afterwards.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.evaluation.budget import FUNCTION, MAX_ELEMENTS, check_length
from moyai.stacks.evaluation.scope import Values
from moyai.stacks.template.expressions import (
    And,
    Base64,
    Cidr,
    ConditionRef,
    Contains,
    EachMemberEquals,
    EachMemberIn,
    Equals,
    Expression,
    FindInMap,
    GetAtt,
    GetAvailabilityZones,
    If,
    ImportValue,
    IntrinsicFunction,
    Join,
    Length,
    NotCondition,
    NoValue,
    Or,
    Ref,
    Select,
    Split,
    ToJsonString,
    is_value,
)

_REGION: Final = "AWS::Region"
_IPV4_HOST_BITS: Final = 8
_IPV6_HOST_BITS: Final = 64
MAX_RANGES: Final = 256
"""Ranges of one Fn::Cidr."""


def evaluate(expression: Expression, values: Values) -> Expression:
    """The expression with functions of known values replaced by results. Raises TemplateFault if there is no result.

    AWS::NoValue is left out of lists and objects; an expression that is AWS::NoValue as a whole remains.
    """
    if isinstance(expression, IntrinsicFunction):
        if values.budget is None:
            return _EVALUATORS[type(expression)](expression, values)
        values.budget.spend(FUNCTION)
        return values.budget.count(_EVALUATORS[type(expression)](expression, values))
    if isinstance(expression, tuple):
        elements = (evaluate(element, values) for element in expression)
        return tuple(element for element in elements if not isinstance(element, NoValue))
    if isinstance(expression, Mapping):
        members = {name: evaluate(member, values) for name, member in expression.items()}
        return {name: member for name, member in members.items() if not isinstance(member, NoValue)}
    return expression


def text_of(value: Expression) -> str:
    """The text of a scalar, as CloudFormation writes it. Raises TemplateFault for a list or an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TemplateFault("Template error: a text can't hold a list or an object")


def truth_of(value: Expression) -> bool:
    """The value of a condition. Raises TemplateFault for a value that is neither true nor false."""
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise TemplateFault("Template error: a condition must be a condition function, or true or false")


def _ref(ref: Ref, values: Values) -> Expression:
    if ref.name in values.parameters:
        return values.parameters[ref.name]
    resource = values.resources.get(ref.name)
    return ref if resource is None else resource.ref


def _get_att(get_att: GetAtt, values: Values) -> Expression:
    attribute = evaluate(get_att.attribute, values)
    resource = values.resources.get(get_att.resource)
    if resource is None or not is_value(attribute):
        return GetAtt(get_att.resource, attribute)
    name = text_of(attribute)
    if (value := resource.attribute(name)) is None:
        raise TemplateFault(
            f"Template error: resource {get_att.resource} does not support attribute type {name} in Fn::GetAtt"
        )
    return value


def _join(join: Join, values: Values) -> Expression:
    items = evaluate(join.items, values)
    if not isinstance(items, tuple) or not is_value(items):
        return Join(join.delimiter, items)
    texts = list(map(text_of, items))
    check_length(sum(map(len, texts)) + len(join.delimiter) * (len(texts) - 1))
    return join.delimiter.join(texts)


def _split(split: Split, values: Values) -> Expression:
    source = evaluate(split.source, values)
    if not is_value(source):
        return Split(split.delimiter, source)
    text = text_of(source)
    if text.count(split.delimiter) >= MAX_ELEMENTS:
        raise TemplateFault(f"Template error: Fn::Split results in more than {MAX_ELEMENTS} elements")
    return tuple(text.split(split.delimiter))


def _select(select: Select, values: Values) -> Expression:
    index, items = evaluate(select.index, values), evaluate(select.items, values)
    if not is_value(index) or not isinstance(items, tuple):
        return Select(index, items)
    number = _whole_number(index, "Fn::Select requires an integer index")
    if not 0 <= number < len(items):
        raise TemplateFault(f"Template error: Fn::Select cannot select nonexistent value at index {number}")
    return items[number]


def _find_in_map(find: FindInMap, values: Values) -> Expression:
    keys = (evaluate(find.mapping, values), evaluate(find.top_key, values), evaluate(find.second_key, values))
    if not all(map(is_value, keys)):
        return FindInMap(*keys, find.default)
    mapping, top_key, second_key = map(text_of, keys)
    members = values.mappings.get(mapping, {}).get(top_key, {})
    if second_key in members:
        return members[second_key]
    if find.default is not None:
        return evaluate(find.default, values)
    if mapping not in values.mappings:
        raise TemplateFault(
            f"Template error: Mapping named '{mapping}' is not present in the 'Mappings' section of template."
        )
    raise TemplateFault(f"Template error: Unable to get mapping for {mapping}::{top_key}::{second_key}")


def _zones(zones: GetAvailabilityZones, values: Values) -> Expression:
    region = evaluate(zones.region, values)
    if not is_value(region):
        return GetAvailabilityZones(region)
    name = text_of(region) or text_of(values.parameters[_REGION])
    if name not in values.zones:
        raise TemplateFault(f"Template error: Fn::GetAZs has no zones of the region {name}")
    return values.zones[name]


def _cidr(cidr: Cidr, values: Values) -> Expression:
    arguments = tuple(evaluate(each, values) for each in (cidr.block, cidr.count, cidr.bits) if each is not None)
    if not all(map(is_value, arguments)):
        return Cidr(*arguments)
    block, count = arguments[:2]
    try:
        network = ip_network(text_of(block))
    except ValueError:
        raise TemplateFault(f"Template error: Fn::Cidr: {text_of(block)} is not a valid CIDR block") from None
    default = _IPV4_HOST_BITS if network.version == 4 else _IPV6_HOST_BITS  # noqa: PLR2004
    bits = _whole_number(arguments[2], "Fn::Cidr requires integers") if len(arguments) > 2 else default  # noqa: PLR2004
    return _ranges(network, _whole_number(count, "Fn::Cidr requires integers"), network.max_prefixlen - bits)


def _ranges(network: IPv4Network | IPv6Network, count: int, prefix: int) -> tuple[str, ...]:
    if not 1 <= count <= MAX_RANGES:
        raise TemplateFault(f"Template error: Fn::Cidr: the count must be between 1 and {MAX_RANGES}")
    if not network.prefixlen <= prefix <= network.max_prefixlen or count > 1 << (prefix - network.prefixlen):
        raise TemplateFault(f"Template error: Fn::Cidr: {network} has no {count} ranges of /{prefix}")
    return tuple(map(str, islice(network.subnets(new_prefix=prefix), count)))


def _base64(encode: Base64, values: Values) -> Expression:
    text = evaluate(encode.text, values)
    return base64.b64encode(text_of(text).encode()).decode() if is_value(text) else Base64(text)


def _import_value(imported: ImportValue, values: Values) -> Expression:
    name = evaluate(imported.name, values)
    if not is_value(name):
        return ImportValue(name)
    if text_of(name) not in values.exports:
        raise TemplateFault(f"No export named {text_of(name)} found.")
    return values.exports[text_of(name)]


def _length(length: Length, values: Values) -> Expression:
    items = evaluate(length.items, values)
    if isinstance(items, tuple):
        return len(items)
    if is_value(items):
        raise TemplateFault("Template error: Fn::Length requires a list")
    return Length(items)


def _to_json_string(to_json: ToJsonString, values: Values) -> Expression:
    value = evaluate(to_json.value, values)
    return json.dumps(value, separators=(",", ":")) if is_value(value) else ToJsonString(value)


def _if(choice: If, values: Values) -> Expression:
    return evaluate(choice.then if values.conditions[choice.condition] else choice.otherwise, values)


def _condition_ref(reference: ConditionRef, values: Values) -> Expression:
    return values.conditions[reference.name]


def _not(negation: NotCondition, values: Values) -> Expression:
    return not truth_of(evaluate(negation.condition, values))


def _and(conjunction: And, values: Values) -> Expression:
    return all(truth_of(evaluate(condition, values)) for condition in conjunction.conditions)


def _or(disjunction: Or, values: Values) -> Expression:
    return any(truth_of(evaluate(condition, values)) for condition in disjunction.conditions)


def _equals(equals: Equals, values: Values) -> Expression:
    first, second = evaluate(equals.first, values), evaluate(equals.second, values)
    if isinstance(first, tuple | Mapping) or isinstance(second, tuple | Mapping):
        return first == second
    return text_of(first) == text_of(second)


def _contains(contains: Contains, values: Values) -> Expression:
    return text_of(evaluate(contains.text, values)) in _texts(contains.items, values)


def _each_member_in(members: EachMemberIn, values: Values) -> Expression:
    return _texts(members.items, values) <= _texts(members.allowed, values)


def _each_member_equals(members: EachMemberEquals, values: Values) -> Expression:
    return _texts(members.items, values) <= {text_of(evaluate(members.text, values))}


def _texts(items: Expression, values: Values) -> set[str]:
    value = evaluate(items, values)
    return set(map(text_of, value)) if isinstance(value, tuple) else {text_of(value)}


def _no_value(no_value: NoValue, values: Values) -> Expression:
    del values
    return no_value


def _whole_number(value: Expression, complaint: str) -> int:
    try:
        return int(text_of(value))
    except ValueError:
        raise TemplateFault(f"Template error: {complaint}, not {text_of(value)}") from None


_EVALUATORS: Final[Mapping[type[IntrinsicFunction], Callable[[Any, Values], Expression]]] = MappingProxyType(
    {
        And: _and,
        Base64: _base64,
        Cidr: _cidr,
        ConditionRef: _condition_ref,
        Contains: _contains,
        EachMemberEquals: _each_member_equals,
        EachMemberIn: _each_member_in,
        Equals: _equals,
        FindInMap: _find_in_map,
        GetAtt: _get_att,
        GetAvailabilityZones: _zones,
        If: _if,
        ImportValue: _import_value,
        Join: _join,
        Length: _length,
        NoValue: _no_value,
        NotCondition: _not,
        Or: _or,
        Ref: _ref,
        Select: _select,
        Split: _split,
        ToJsonString: _to_json_string,
    }
)
