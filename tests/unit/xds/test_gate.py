"""Who may come in as which proxy."""

from __future__ import annotations

import pytest
from grpc import StatusCode

from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import Mesh, Workload
from moyai.testing.world import SCOPE
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed
from moyai.xds.server.gate import Asker, Entrant, GuestGate, OwnGate, Refused
from moyai.xds.server.reach import EVERYTHING, Reach, reach_of, read_reach
from moyai.xds.translate.bootstrap import ProxySettings
from tests.unit.xds.house import MESH, directory

FRONT, WAY = WorkloadId(f"{MESH}/virtualNode/front"), WorkloadId(f"{MESH}/virtualGateway/way")
SHORT = "mesh/shop/virtualNode/front"
TASK = ProxyId(f"arn:aws:ecs:{SCOPE.region}:{SCOPE.account}:task/default/{'0' * 32}")


class Nobody:
    def send(self, response: bytes) -> None: ...

    def end(self) -> None: ...


@pytest.fixture
def feed():
    made = Feed(ProxySettings())
    made.publish(Mesh(workloads={w: Workload(w, "a", 15000, 15001) for w in (FRONT, WAY)}, proxies={TASK: FRONT}))
    return made


def come_in(feed: Feed, entrant: Entrant):
    return feed.connect(entrant.proxy, Nobody(), DeltaStream(), entrant.guest_of)


def guests(feed: Feed, *reaches: Reach | None, most: int = 2) -> GuestGate:
    """A door where everybody shows the same."""
    shown = None if reaches == (None,) else tuple(reach for reach in reaches or (EVERYTHING,) if reach is not None)
    return GuestGate(feed, directory(), lambda _asker: shown, most)


def refusal(gate: GuestGate | OwnGate, asker: Asker) -> tuple[StatusCode, str]:
    with pytest.raises(Refused) as refused:
        gate.admit(asker)
    return refused.value.code, str(refused.value)


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
def test_a_guest_may_name_what_it_stands_for_in_every_form(feed, node, workload):
    assert guests(feed).admit(Asker(node)).guest_of == workload


def test_guests_of_one_node_id_are_told_apart(feed):
    gate = guests(feed)
    first, second = gate.admit(Asker(SHORT)), gate.admit(Asker(FRONT))
    assert (first, second) == (Entrant(ProxyId(f"{FRONT}#1"), FRONT), Entrant(ProxyId(f"{FRONT}#2"), FRONT))


def test_a_guest_may_bring_the_end_of_its_id_along_and_comes_back_as_the_same(feed):
    gate = guests(feed, most=1)
    entrant = gate.admit(Asker(SHORT, f"{SHORT}#host-0001"))
    assert entrant.proxy == f"{FRONT}#host-0001"
    come_in(feed, entrant)
    assert gate.admit(Asker(FRONT, f"{FRONT}#host-0001")) == entrant


def test_one_guest_too_many_is_refused_until_another_has_gone(feed):
    gate = guests(feed, most=1)
    connection = come_in(feed, gate.admit(Asker(SHORT)))
    code, message = refusal(gate, Asker(SHORT))
    assert (code, "1 connected prox" in message) == (StatusCode.RESOURCE_EXHAUSTED, True)
    assert gate.admit(Asker("mesh/shop/virtualGateway/way")).guest_of == WAY
    connection.close()
    assert gate.admit(Asker(SHORT)).guest_of == FRONT


def test_proxies_of_tasks_do_not_count_as_guests(feed):
    feed.connect(TASK, Nobody(), DeltaStream())
    assert feed.guests(FRONT) == frozenset()
    assert guests(feed, most=1).admit(Asker(SHORT)).guest_of == FRONT


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
def test_what_is_not_there_is_refused_with_what_is(feed, node, words):
    code, message = refusal(guests(feed), Asker(node))
    assert code is StatusCode.INVALID_ARGUMENT
    assert [word for word in words if word not in message] == []
    assert len(message) < 1500


def test_who_may_ask_for_one_node_alone_is_not_told_of_others(feed):
    node = "mesh/shop/virtualNode/gone"
    told = [refusal(guests(feed, read_reach(text, SCOPE)), Asker(node)) for text in ("mesh/shop", node)]
    assert [(code, "back" in message) for code, message in told] == [
        (StatusCode.INVALID_ARGUMENT, True),
        (StatusCode.INVALID_ARGUMENT, False),
    ]


def test_bad_credentials_are_told_nothing(feed):
    gate = guests(feed, None)
    assert {refusal(gate, Asker(node))[0] for node in (SHORT, "nothing")} == {StatusCode.UNAUTHENTICATED}


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
def test_credentials_reach_as_far_as_they_say(feed, text, allowed):
    reach = read_reach(text, SCOPE)
    assert reach is not None
    gate, found = guests(feed, reach), set()
    nodes = ("mesh/shop/virtualNode/front", "mesh/shop/virtualNode/back", "mesh/shop/virtualGateway/way")
    for node in nodes:
        try:
            gate.admit(Asker(node))
        except Refused as refused:
            assert refused.code is StatusCode.PERMISSION_DENIED  # noqa: PT017
        else:
            found.add(node.rpartition("/")[2])
    assert found == allowed


@pytest.mark.parametrize("text", ["", "mesh", "mesh/", "mesh/a/b", "shop", "arn:aws:ecs:x:1:cluster/a", "mesh/a/b/c/d"])
def test_what_is_no_reach(text):
    assert read_reach(text, SCOPE) is None


def test_a_certificate_reaches_as_far_as_its_uris_say():
    uris = ("spiffe://corp/mesh/shop/virtualNode/front", MESH, "https://example.com/", "spiffe://corp/shop", "::")
    assert reach_of(uris, SCOPE) == (read_reach(FRONT, SCOPE), Reach(MESH))


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
def test_a_name_that_does_not_fit_is_refused(feed, name, code):
    assert refusal(guests(feed), Asker(SHORT, name))[0] is code


def test_a_guest_reports_under_the_name_of_its_stream_alone(feed):
    gate = guests(feed)
    entrant = gate.admit(Asker(SHORT, f"{SHORT}#host-0001"))
    connection = come_in(feed, entrant)
    assert gate.reporter(Asker("", f"{FRONT}#host-0001")) == entrant.proxy
    for name in (f"{SHORT}#host-0002", f"{TASK}", ""):
        with pytest.raises(Refused):
            gate.reporter(Asker("", name))
    connection.close()
    with pytest.raises(Refused):
        gate.reporter(Asker("", f"{FRONT}#host-0001"))


def test_our_own_proxy_names_what_it_is_led_as(feed):
    gate = OwnGate(feed, directory())
    for node in (TASK, SHORT, FRONT):
        assert gate.admit(Asker(node, TASK)) == Entrant(TASK)
    assert refusal(gate, Asker("mesh/shop/virtualNode/back", TASK))[0] is StatusCode.PERMISSION_DENIED
    assert refusal(gate, Asker("mesh/shop/virtualNode/none", TASK))[0] is StatusCode.PERMISSION_DENIED
    assert refusal(gate, Asker(TASK))[0] is StatusCode.UNAUTHENTICATED
    assert refusal(gate, Asker(SHORT, f"{SHORT}#host-0001"))[0] is StatusCode.PERMISSION_DENIED


def test_our_own_proxy_that_comes_before_its_mesh_is_let_in():
    gate = OwnGate(Feed(ProxySettings()), directory())
    assert gate.admit(Asker(SHORT, TASK)) == Entrant(TASK)
