"""Meshes as hypothesis draws them: everything that MeshIR can say, each thing within what its docstring allows.

Some texts are as strange as allowed: what Envoy reads as commands, groups or patterns must stand for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    EVERY_PATH,
    ActiveHealthCheck,
    Certificate,
    CertificateFile,
    CertificateRef,
    CertificateSecret,
    ClientTls,
    ConnectionLimits,
    Destination,
    DnsLookupFamily,
    DnsSource,
    EndpointGroup,
    EndpointGroupSource,
    Failure,
    FileLog,
    FixedSource,
    HashKey,
    HeaderMatcher,
    InboundPort,
    IssuerTrust,
    LoadBalancingPolicy,
    Member,
    MeshIR,
    OriginalDestinationSource,
    OutboundPort,
    OutboundView,
    OutlierPolicy,
    PathMatcher,
    PathTest,
    PeerCheck,
    Protocol,
    QueryMatcher,
    Range,
    RequestMatch,
    RetryCondition,
    RetryPolicy,
    Rewrite,
    RouteRule,
    ServerTls,
    SniPassthrough,
    StdoutLog,
    StreamSplit,
    TextMatcher,
    TextTest,
    TimeoutPolicy,
    TrustedFile,
    TrustedRoots,
    TrustedSecret,
    VirtualHost,
    WeightedDestination,
    Workload,
)

_STRANGE = "/a%b\\1$ *.~?#\"'é"
_TIMES = st.sampled_from([0.0, 0.001, 0.25, 15.0, 300.0, 2_147_483_647.0])
_ABOVE_0 = st.sampled_from([0.001, 0.25, 5.0, 300.0])
_WORDS = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)
_TEXTS = st.text(st.sampled_from(_STRANGE), min_size=1, max_size=12)
_PATHS = _TEXTS.map(lambda text: f"/{text}")
_HEADERS = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,20}", fullmatch=True)
_COUNTS = st.sampled_from([1, 2, 2**31 - 1])
_TIMEOUTS = st.builds(TimeoutPolicy, _TIMES, _TIMES)
_REGEXES = st.sampled_from([".*", "/red(or)?green.*", "a|b", r"/[^/]+/\d{2,3}", "(?i)a"])


class Keys(NamedTuple):
    """A certificate to present and an authority to trust (PEM), and the files with both."""

    certificate: Certificate
    root: str
    folder: Path

    @classmethod
    def write(cls, folder: Path, certificate: Certificate, root: str) -> Keys:
        """Put them into files, under names that a path may have."""
        for name in ("a", "b c%ü"):
            (folder / f"{name}.chain").write_text(certificate.chain)
            (folder / f"{name}.key").write_text(certificate.private.reveal())
            (folder / f"{name}.root").write_text(root)
        return cls(certificate, root, folder)

    def file(self, kind: str) -> st.SearchStrategy:
        """The path of one."""
        return st.sampled_from([f"{self.folder}/{name}.{kind}" for name in ("a", "b c%ü")])

    def certificate_references(self, *names: str) -> st.SearchStrategy:
        """The certificate, by the mesh's names for it, or one that is elsewhere."""
        return (
            st.builds(CertificateRef, st.sampled_from(names))
            | st.builds(CertificateFile, self.file("chain"), self.file("key"))
            | st.builds(CertificateSecret, _TEXTS)
        )


def rarely(strategy: st.SearchStrategy, otherwise=None) -> st.SearchStrategy:
    """Mostly what is there when nothing is asked."""
    return st.just(otherwise) | st.just(otherwise) | strategy


_TEXT_MATCHES = st.builds(
    TextMatcher, st.sampled_from([TextTest.EXACT, TextTest.PREFIX, TextTest.SUFFIX]), _TEXTS
) | st.builds(TextMatcher, st.just(TextTest.REGEX), _REGEXES)
_RANGES = st.builds(lambda start, size: Range(start, start + size), st.integers(-(2**40), 2**40), st.integers(1, 2**40))
_HEADER_MATCHES = st.builds(HeaderMatcher, _HEADERS, st.none() | _TEXT_MATCHES | _RANGES, st.booleans())
_PATH_MATCHES = (
    st.just(EVERY_PATH)
    | st.builds(PathMatcher, st.sampled_from([PathTest.PREFIX, PathTest.EXACT]), _PATHS)
    | st.builds(PathMatcher, st.just(PathTest.REGEX), _REGEXES)
    | st.builds(PathMatcher, st.just(PathTest.BELOW), st.sampled_from(["/", "/a", "/a/b%"]))
)
_MATCHES = st.builds(
    RequestMatch,
    methods=rarely(st.sampled_from([("GET",), ("CONNECT", "M-SEARCH")]), ()),
    path=_PATH_MATCHES,
    scheme=rarely(st.sampled_from(["http", "https"])),
    headers=st.lists(_HEADER_MATCHES, max_size=2).map(tuple),
    query=st.lists(st.builds(QueryMatcher, _TEXTS, st.none() | _TEXTS), max_size=1).map(tuple),
    grpc=st.booleans(),
)
_SET_HEADERS = st.lists(st.tuples(_HEADERS, _TEXTS), max_size=2).map(tuple)
_REWRITES = st.builds(
    Rewrite,
    host=st.none() | _WORDS,
    headers=_SET_HEADERS,
    without=st.lists(_HEADERS, max_size=2).map(tuple),
) | st.one_of(st.builds(Rewrite, prefix=_PATHS), st.builds(Rewrite, path=_PATHS))
_RETRIES = st.builds(
    RetryPolicy,
    st.integers(0, 10),
    st.sets(st.sampled_from(RetryCondition)).map(lambda found: tuple(sorted(found))),
    st.sampled_from([(), (409,), (500, 503, 599)]),
    st.sampled_from([0, 5]),
    st.sampled_from([0.0, 0.1]),
)
_OUTLIERS = st.builds(
    OutlierPolicy, _COUNTS, _ABOVE_0, _ABOVE_0, _ABOVE_0, st.integers(0, 100), st.sampled_from(Failure)
)
_LIMITS = st.builds(ConnectionLimits, *(st.none() | _COUNTS,) * 3)
_HOSTNAMES = st.builds("{}.{}".format, _WORDS, _WORDS)


def _logs() -> st.SearchStrategy:
    formats = st.sampled_from([None, "%START_TIME% %REQ(:METHOD)%\n"])
    objects = st.sampled_from([(), (("b", "%PROTOCOL%"), ("a", "x"))])
    files = st.builds(FileLog, st.just("/dev/null"), formats) | st.builds(FileLog, st.just("/dev/null"), json=objects)
    return st.none() | st.builds(StdoutLog, st.booleans(), st.booleans()) | files


@st.composite
def _checks(draw: st.DrawFn, keys: Keys) -> PeerCheck:
    trusted = draw(
        st.just(TrustedRoots((keys.root,)))
        | st.builds(TrustedFile, keys.file("root"))
        | st.builds(TrustedSecret, _TEXTS)
    )
    return PeerCheck(trusted, draw(st.lists(_HOSTNAMES | _HOSTNAMES.map("spiffe://{}".format), max_size=2).map(tuple)))


@st.composite
def _client_tls(draw: st.DrawFn, keys: Keys) -> ClientTls:
    return ClientTls(
        draw(rarely(_checks(keys))),
        draw(rarely(keys.certificate_references("c0", "c1"))),
        draw(st.just("") | _HOSTNAMES),
    )


@st.composite
def _server_tls(draw: st.DrawFn, keys: Keys) -> ServerTls:
    return ServerTls(
        draw(keys.certificate_references("c0", "missing")),
        draw(st.booleans()),
        draw(rarely(_checks(keys))),
        draw(st.booleans()),
    )


def _sources() -> st.SearchStrategy:
    return (
        st.builds(EndpointGroupSource, st.sampled_from(["g0", "g1"]))
        | st.builds(DnsSource, _HOSTNAMES, st.integers(1, 65535), st.booleans(), st.sampled_from(DnsLookupFamily))
        | st.builds(FixedSource, st.sampled_from(["127.0.0.1", "::1"]), st.integers(1, 65535))
        | st.just(OriginalDestinationSource())
    )


@st.composite
def _health_checks(draw: st.DrawFn, protocol: Protocol) -> ActiveHealthCheck:
    requests = [p for p in Protocol if p is not Protocol.GRPC or protocol in {Protocol.HTTP2, Protocol.GRPC}]
    counts = st.integers(2, 10)
    return ActiveHealthCheck(
        draw(st.sampled_from(requests)),
        draw(_ABOVE_0),
        draw(_ABOVE_0),
        draw(counts),
        draw(counts),
        draw(_PATHS),
        draw(rarely(st.just(99))),
    )


@st.composite
def _destinations(draw: st.DrawFn, name: str, keys: Keys) -> Destination:
    protocol = draw(st.sampled_from(Protocol))
    return Destination(
        name,
        draw(_sources()),
        protocol,
        draw(_ABOVE_0),
        draw(rarely(_OUTLIERS)),
        draw(st.sampled_from(["", f"egress.{name}"])),
        draw(st.sampled_from([0, 3])),
        draw(st.sampled_from(LoadBalancingPolicy)),
        draw(rarely(st.just((IssuerTrust("ca", "a.shop", (keys.root,)),)), ())),
        draw(st.sampled_from(["", f"cds_egress_{name}", f"cds_other_{name}"])),
        draw(rarely(_client_tls(keys))),
        draw(rarely(_LIMITS)),
        draw(rarely(_health_checks(protocol))),
    )


def _targets(names: Sequence[str], *, at_least: int) -> st.SearchStrategy:
    weighted = st.lists(st.tuples(st.sampled_from(names), st.integers(0, 100)), min_size=at_least, max_size=4)
    kept = weighted.filter(lambda found: not found or sum(weight for _, weight in found) > 0)
    return kept.map(lambda found: tuple(WeightedDestination(*target) for target in found))


def _rules(names: Sequence[str]) -> st.SearchStrategy:
    keys = st.builds(HashKey, _HEADERS, st.booleans())
    stat_names = st.sampled_from(["", "a/b.c d"])
    return st.builds(
        RouteRule,
        _targets(names, at_least=0),
        _TIMEOUTS,
        _MATCHES,
        rarely(_RETRIES),
        rarely(keys),
        rarely(_REWRITES),
        stat_names,
    )


@st.composite
def _hosts(draw: st.DrawFn, names: Sequence[str], *, at_least: int) -> tuple[VirtualHost, ...]:
    domains = ["*", "shop", "shop:80", "*.shop", "cart.shop", "cart.shop:80"]
    drawn = draw(st.lists(st.sampled_from(domains), unique=True, min_size=at_least, max_size=4))
    lists = [drawn[:1], drawn[1:]] if draw(st.booleans()) else [[domain] for domain in drawn]
    rules = st.lists(_rules(names), max_size=3).map(tuple)
    return tuple(VirtualHost(found[0], tuple(found), draw(rules)) for found in lists if found)


@st.composite
def _inbound(draw: st.DrawFn, place: int, names: Sequence[str], keys: Keys) -> InboundPort:
    protocol = draw(st.sampled_from(Protocol))
    port = 8000 + place
    hosts = () if protocol is Protocol.TCP else draw(rarely(_hosts(names, at_least=1), ()))
    is_labelled = draw(st.booleans())
    return InboundPort(
        port,
        protocol,
        draw(_TIMEOUTS),
        draw(_ABOVE_0),
        f"ingress.{port}",
        draw(st.sampled_from(["127.0.0.1", "::1"])),
        draw(st.sampled_from([None, port + 1000])),
        draw(_TIMES),
        draw(st.sampled_from([(), ("/", "/a/b")])),
        draw(st.sampled_from([None, 502])),
        draw(rarely(_server_tls(keys))),
        draw(rarely(_LIMITS)),
        hosts,
        *((f"cds_ingress_{place}", f"rds_ingress_{place}", f"lds_ingress_{place}") if is_labelled else ()),
    )


@st.composite
def _outbound(draw: st.DrawFn, number: int, names: Sequence[str]) -> OutboundView:
    ports = []
    for port in draw(st.lists(st.sampled_from([80, 443, 5000]), unique=True)):
        protocol = draw(st.sampled_from(Protocol))
        splits = st.builds(StreamSplit, _targets(names, at_least=0), _TIMEOUTS, st.integers(1, 3))
        routing = draw(splits) if protocol is Protocol.TCP else draw(_hosts(names, at_least=0))
        label = draw(st.sampled_from(["", f"rds_egress_{number}_{port}"]))
        ports.append(OutboundPort(port, protocol, routing, "egress", draw(_TIMES), label))
    passed = draw(st.sets(st.sampled_from([443, 8443])))
    passes = [SniPassthrough(port, ("*.aws", "aws"), draw(st.sampled_from(names))) for port in sorted(passed)]
    return OutboundView((), tuple(ports), tuple(passes), draw(st.none() | st.sampled_from(names)))


@st.composite
def _workloads(draw: st.DrawFn, number: int, names: Sequence[str], keys: Keys) -> Workload:
    labels = draw(st.sampled_from([("", ""), (f"lds_ingress_{number}", f"lds_egress_{number}")]))
    places = range(number * 10, number * 10 + draw(st.integers(0, 3)))
    return Workload(
        WorkloadId(f"w{number}"),
        "a",
        15000,
        15001,
        tuple(draw(_inbound(place, names, keys)) for place in places),
        draw(_outbound(number, names)),
        None,
        draw(_logs()),
        *labels,
        draw(st.sampled_from(["0.0.0.0", "::"])),  # noqa: S104 (nothing listens)
        draw(st.sampled_from(["127.0.0.1", "::"])),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.lists(_HEADERS, max_size=2).map(tuple)),
        draw(st.sampled_from(["", "0.0.0.0_15001"])),
    )


@st.composite
def meshes(draw: st.DrawFn, keys: Keys, workloads: int) -> MeshIR:
    """Some workloads that call the same few destinations; all certificates and roots are real."""
    names = [f"d{number}" for number in range(6)]
    members = st.lists(st.builds(Member, st.sampled_from("ab"), st.just("10.0.0.1"), st.integers(1, 65535)), max_size=2)
    led = [draw(_workloads(number, names, keys)) for number in range(workloads)]
    return MeshIR(
        workloads={w.id: w for w in led},
        destinations={name: draw(_destinations(name, keys)) for name in names},
        groups={name: EndpointGroup(name, tuple(draw(members))) for name in ("g0", "g1")},
        certificates={name: replace(keys.certificate, name=name) for name in ("c0", "c1")},
    )
