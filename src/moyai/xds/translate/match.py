"""The match of a rule, as RouteMatch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2
from envoy.type.v3 import range_pb2
from xds.core.v3 import cidr_pb2

from moyai.mesh.ir import HeaderMatcher, PathMatcher, PathTest, QueryMatcher, Range, RequestMatch, TextMatcher, TextTest
from moyai.xds.translate import names

_METHOD, _SCHEME = ":method", ":scheme"
_ROOT = "/"
_HTTP1 = "HTTP/1"
_TEXT: Mapping[TextTest, Callable[[str], string_pb2.StringMatcher]] = MappingProxyType(
    {
        TextTest.EXACT: lambda text: string_pb2.StringMatcher(exact=text),
        TextTest.PREFIX: lambda text: string_pb2.StringMatcher(prefix=text),
        TextTest.SUFFIX: lambda text: string_pb2.StringMatcher(suffix=text),
        TextTest.REGEX: lambda text: string_pb2.StringMatcher(safe_regex=regex(text)),
    }
)


def route_match(match: RequestMatch) -> route_components_pb2.RouteMatch:
    """The match of one route."""
    message = route_components_pb2.RouteMatch()
    _path(message, match.path)
    if match.methods:
        message.headers.append(_header_matcher(_METHOD, _any_of(match.methods)))
    if match.scheme is not None:
        message.headers.append(_header_matcher(_SCHEME, string_pb2.StringMatcher(exact=match.scheme)))
    message.headers.extend(_header(header) for header in match.headers)
    message.query_parameters.extend(_parameter(parameter) for parameter in match.query)
    if match.grpc:
        message.grpc.SetInParent()
    if match.http1:
        message.headers.append(_header_matcher(names.HTTP_VERSION, string_pb2.StringMatcher(prefix=_HTTP1)))
    if match.sources:
        client = message.filter_state.add(key=names.CLIENT_ADDRESS)
        client.address_match.ranges.extend(map(_range, match.sources))
    return message


def regex(text: str) -> regex_pb2.RegexMatcher:
    """An RE2 expression, which must match the whole text."""
    return regex_pb2.RegexMatcher(regex=text)


def _path(message: route_components_pb2.RouteMatch, path: PathMatcher) -> None:
    match path.test:
        case PathTest.BELOW if path.text != _ROOT:
            message.path_separated_prefix = path.text
        case PathTest.EXACT:
            message.path = path.text
        case PathTest.REGEX:
            message.safe_regex.CopyFrom(regex(path.text))
        case _:
            message.prefix = path.text


def _range(text: str) -> cidr_pb2.CidrRange:
    address, _, bits = text.partition("/")
    message = cidr_pb2.CidrRange(address_prefix=address)
    message.prefix_len.value = int(bits)
    return message


def _any_of(methods: tuple[str, ...]) -> string_pb2.StringMatcher:
    return string_pb2.StringMatcher(safe_regex=regex("|".join(methods)))


def _header(header: HeaderMatcher) -> route_components_pb2.HeaderMatcher:
    matcher = route_components_pb2.HeaderMatcher(name=header.name, invert_match=header.invert)
    match header.value:
        case TextMatcher(test, text):
            matcher.string_match.CopyFrom(_TEXT[test](text))
        case Range(start, end):
            matcher.range_match.CopyFrom(range_pb2.Int64Range(start=start, end=end))
        case None:
            matcher.present_match = True
    return matcher


def _header_matcher(name: str, matcher: string_pb2.StringMatcher) -> route_components_pb2.HeaderMatcher:
    return route_components_pb2.HeaderMatcher(name=name, string_match=matcher)


def _parameter(parameter: QueryMatcher) -> route_components_pb2.QueryParameterMatcher:
    if parameter.exact is None:
        return route_components_pb2.QueryParameterMatcher(name=parameter.name, present_match=True)
    return route_components_pb2.QueryParameterMatcher(
        name=parameter.name, string_match=string_pb2.StringMatcher(exact=parameter.exact)
    )
