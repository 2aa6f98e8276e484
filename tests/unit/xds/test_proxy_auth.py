"""Which credentials authenticate which proxy."""

from __future__ import annotations

import pytest
from grpc import StatusCode

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import MeshIR, Workload
from moyai.testing.world import SCOPE
from moyai.xds.server.authorization import ALL_PROXIES, Authorization, authorizations_of, parse_authorization
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed
from moyai.xds.server.proxy_auth import AdmittedProxy, ExternalProxyAuth, Peer, ProxyRejected, TaskProxyAuth
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.xds.shop_mesh import MESH, directory

FRONT, WAY = WorkloadId(f"{MESH}/virtualNode/front"), WorkloadId(f"{MESH}/virtualGateway/way")
SHORT = "mesh/shop/virtualNode/front"
TASK = ProxyId(f"arn:aws:ecs:{SCOPE.region}:{SCOPE.account}:task/default/{'0' * 32}")


class Nobody:
    def send(self, response: bytes) -> None: ...

    def end(self) -> None: ...


@pytest.fixture
def feed():
    new_feed = Feed(BootstrapSettings())
    new_feed.publish(MeshIR(workloads={w: Workload(w, "a", 15000, 15001) for w in (FRONT, WAY)}, proxies={TASK: FRONT}))
    return new_feed


def come_in(feed: Feed, admitted: AdmittedProxy):
    return feed.connect(admitted.proxy, Nobody(), DeltaStream(), admitted.external_workload)


def external_auth(feed: Feed, *authorizations: Authorization | None, most: int = 2) -> ExternalProxyAuth:
    """A listener where everybody shows the same."""
    certificates = (
        None
        if authorizations == (None,)
        else tuple(reach for reach in authorizations or (ALL_PROXIES,) if reach is not None)
    )
    return ExternalProxyAuth(feed, directory(), lambda _peer: certificates, most)


def refusal(auth: ExternalProxyAuth | TaskProxyAuth, peer: Peer) -> tuple[StatusCode, str]:
    with pytest.raises(ProxyRejected) as exc_info:
        auth.admit(peer)
    return exc_info.value.code, str(exc_info.value)


@pytest.mark.parametrize(
    ("node", "workload"),
    [
        (SHORT, FRONT),
        (FRONT, FRONT),
        (f"mesh/shop@{SCOPE.account}/virtualNode/front", FRONT),
        ("mesh/shop/virtualGateway/way", WAY),
    ],
    ids=["short", "ARN", "with the owner", "gateway"],
)
def test_an_external_proxy_may_name_its_workload_in_every_form(feed, node, workload):
    assert external_auth(feed).admit(Peer(node)).external_workload == workload


def test_external_proxies_with_one_node_id_are_distinguished(feed):
    auth = external_auth(feed)
    first, second = auth.admit(Peer(SHORT)), auth.admit(Peer(FRONT))
    assert (first, second) == (AdmittedProxy(ProxyId(f"{FRONT}#1"), FRONT), AdmittedProxy(ProxyId(f"{FRONT}#2"), FRONT))


def test_an_external_proxy_with_its_own_id_suffix_reconnects_as_the_same(feed):
    auth = external_auth(feed, most=1)
    admitted = auth.admit(Peer(SHORT, f"{SHORT}#host-0001"))
    assert admitted.proxy == f"{FRONT}#host-0001"
    come_in(feed, admitted)
    assert auth.admit(Peer(FRONT, f"{FRONT}#host-0001")) == admitted


def test_an_external_proxy_over_the_limit_waits_for_another_to_disconnect(feed):
    auth = external_auth(feed, most=1)
    connection = come_in(feed, auth.admit(Peer(SHORT)))
    code, message = refusal(auth, Peer(SHORT))
    assert (code, "1 connected prox" in message) == (StatusCode.RESOURCE_EXHAUSTED, True)
    assert auth.admit(Peer("mesh/shop/virtualGateway/way")).external_workload == WAY
    connection.close()
    assert auth.admit(Peer(SHORT)).external_workload == FRONT


def test_proxies_of_tasks_do_not_count_as_external_proxies(feed):
    feed.connect(TASK, Nobody(), DeltaStream())
    assert feed.external_proxies(FRONT) == frozenset()
    assert external_auth(feed, most=1).admit(Peer(SHORT)).external_workload == FRONT


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("front", ["mesh/<mesh>/virtualNode/<name>", "'front'"]),
        ("", ["mesh/<mesh>/virtualNode/<name>"]),
        ("arn:aws:ecs:us-east-1:123456789012:task-set/a/b/c", ["task-set"]),
        ("mesh/other/virtualNode/front", ["no mesh 'other'", SCOPE.account, SCOPE.region]),
        (f"mesh/shop@{'9' * 12}/virtualNode/front", ["9" * 12]),
        ("mesh/shop/virtualNode/way", ["no virtualNode 'way'", "it has back, front"]),
        ("mesh/shop/virtualGateway/front", ["it has way"]),
        ("x" * 100_000, ["…"]),
    ],
)
def test_an_unknown_workload_is_refused_with_the_known_ones(feed, node, words):
    code, message = refusal(external_auth(feed), Peer(node))
    assert code is StatusCode.INVALID_ARGUMENT
    assert [word for word in words if word not in message] == []
    assert len(message) < 1500


def test_a_refusal_names_only_authorized_workloads(feed):
    node = "mesh/shop/virtualNode/gone"
    messages = [
        refusal(external_auth(feed, parse_authorization(text, SCOPE)), Peer(node)) for text in ("mesh/shop", node)
    ]
    assert [(code, "back" in message) for code, message in messages] == [
        (StatusCode.INVALID_ARGUMENT, True),
        (StatusCode.INVALID_ARGUMENT, False),
    ]


def test_bad_credentials_reveal_nothing(feed):
    auth = external_auth(feed, None)
    assert {refusal(auth, Peer(node))[0] for node in (SHORT, "nothing")} == {StatusCode.UNAUTHENTICATED}


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("mesh/shop", {"front", "back", "way"}),
        (MESH, {"front", "back", "way"}),
        ("mesh/shop/virtualNode/front", {"front"}),
        (FRONT, {"front"}),
        ("mesh/other", set()),
        ("mesh/shop/virtualGateway/front", set()),
    ],
)
def test_credentials_authorize_only_their_scope(feed, text, allowed):
    reach = parse_authorization(text, SCOPE)
    assert reach is not None
    auth, authorized = external_auth(feed, reach), set()
    nodes = ("mesh/shop/virtualNode/front", "mesh/shop/virtualNode/back", "mesh/shop/virtualGateway/way")
    for node in nodes:
        try:
            auth.admit(Peer(node))
        except ProxyRejected as refused:
            assert refused.code is StatusCode.PERMISSION_DENIED  # noqa: PT017
        else:
            authorized.add(node.rpartition("/")[2])
    assert authorized == allowed


@pytest.mark.parametrize("text", ["", "mesh", "mesh/", "mesh/a/b", "shop", "arn:aws:ecs:x:1:cluster/a", "mesh/a/b/c/d"])
def test_malformed_authorizations_are_invalid(text):
    assert parse_authorization(text, SCOPE) is None


def test_a_certificate_authorizes_its_uris():
    uris = ("spiffe://corp/mesh/shop/virtualNode/front", MESH, "https://example.com/", "spiffe://corp/shop", "::")
    assert authorizations_of(uris, SCOPE) == (parse_authorization(FRONT, SCOPE), Authorization(MESH))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (f"mesh/shop/virtualNode/back#{'1' * 8}", StatusCode.PERMISSION_DENIED),
        ("mesh/shop/virtualNode/front#1", StatusCode.INVALID_ARGUMENT),
        (f"mesh/shop/virtualNode/front#{'é' * 8}", StatusCode.INVALID_ARGUMENT),
        ("mesh/shop/virtualNode/front", StatusCode.INVALID_ARGUMENT),
    ],
    ids=["another node", "short", "letters", "no end"],
)
def test_a_mismatched_name_is_refused(feed, name, code):
    assert refusal(external_auth(feed), Peer(SHORT, name))[0] is code


def test_an_external_proxy_reports_under_the_name_of_its_stream_alone(feed):
    auth = external_auth(feed)
    admitted = auth.admit(Peer(SHORT, f"{SHORT}#host-0001"))
    connection = come_in(feed, admitted)
    assert auth.reporter(Peer("", f"{FRONT}#host-0001")) == admitted.proxy
    for name in (f"{SHORT}#host-0002", f"{TASK}", ""):
        with pytest.raises(ProxyRejected):
            auth.reporter(Peer("", name))
    connection.close()
    with pytest.raises(ProxyRejected):
        auth.reporter(Peer("", f"{FRONT}#host-0001"))


def test_a_task_proxy_must_name_its_own_workload(feed):
    auth = TaskProxyAuth(feed, directory())
    for node in (TASK, SHORT, FRONT):
        assert auth.admit(Peer(node, TASK)) == AdmittedProxy(TASK)
    assert refusal(auth, Peer("mesh/shop/virtualNode/back", TASK))[0] is StatusCode.PERMISSION_DENIED
    assert refusal(auth, Peer("mesh/shop/virtualNode/none", TASK))[0] is StatusCode.PERMISSION_DENIED
    assert refusal(auth, Peer(TASK))[0] is StatusCode.UNAUTHENTICATED
    assert refusal(auth, Peer(SHORT, f"{SHORT}#host-0001"))[0] is StatusCode.PERMISSION_DENIED


def test_a_task_proxy_is_admitted_before_its_mesh_exists():
    auth = TaskProxyAuth(Feed(BootstrapSettings()), directory())
    assert auth.admit(Peer(SHORT, TASK)) == AdmittedProxy(TASK)
