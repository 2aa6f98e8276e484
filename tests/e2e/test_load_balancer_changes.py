"""Rules, listeners and certificates of a load balancer change while requests go on: none is lost, and each response
comes from a target group, and with a certificate, that was right at some instant while its request was under way.

The API is the real one, in this process. A configuration is in force from its publication until the front proxy has
acknowledged the next one.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from fnmatch import fnmatchcase
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, NamedTuple

import pytest
from cryptography import x509

from moyai.domain.elb.front import front_workload
from moyai.kernel.ids import VpcId
from moyai.mesh.load_balancing import compile_front
from tests.contract.api.elb import Elb, forward, path
from tests.contract.api.installation import Installation
from tests.e2e.envoy_rig import PATIENCE, Rig
from tests.e2e.rig_app import App

pytestmark = [pytest.mark.e2e, pytest.mark.root]

CHANGES: Final = 200
SEED: Final = 18
GROUPS: Final = ("a", "b", "c", "d")
PATHS: Final = ("/", "/x", "/x/1", "/y")
PATTERNS: Final = ("/x", "/x*", "/y", "/*")
NAMES: Final = ("www.example.com", "shop.example.com", "other.example.com")
PAUSE: Final = 0.004
"""Seconds between two requests of a client."""


class Legal(NamedTuple):
    """What a configuration allows: the groups that answer a path, and the certificate that a server name gets."""

    groups: Mapping[str, frozenset[str]]
    certificates: Mapping[str, str]


class Reply(NamedTuple):
    """What a client has seen, and the configurations that were in force meanwhile, the first and the last."""

    first: int
    last: int
    subject: str
    seen: str


class Stage:
    """A load balancer over the API, its front proxy, and the history of its configurations."""

    def __init__(self, front: Rig) -> None:
        self.front, self.elb = front, Elb(Installation())
        self.legal: list[Legal] = []
        self.acknowledged = 0
        """The place in ``legal`` of the oldest configuration that can be in force."""
        self.balancer = str(self.elb.load_balancer(Scheme="internal")["LoadBalancerArn"])
        self.addresses = {name: self.elb.address(20 + place) for place, name in enumerate(GROUPS)}
        self.groups = {name: self._group(name) for name in GROUPS}
        self.certificates = {name: self.elb.certificate(name) for name in NAMES}
        secured = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": self.certificates[NAMES[0]]}]}
        self.listener = str(self.elb.listener(self.balancer, self.groups["a"])["ListenerArn"])
        self.secured = str(self.elb.listener(self.balancer, self.groups["a"], 443, **secured)["ListenerArn"])
        for priority, (pattern, group) in enumerate(zip(PATTERNS, GROUPS, strict=True), 10):
            self.elb.rule(self.listener, priority, Conditions=[path(pattern)], Actions=[forward(self.groups[group])])

    def _group(self, name: str) -> str:
        check = {"HealthCheckPath": "/ping", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 4}
        group = str(self.elb.target_group(name, **check)["TargetGroupArn"])
        self.elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": self.addresses[name], "Port": 8081}])
        return group

    @property
    def node(self) -> str:
        """An address of the load balancer."""
        (balancer,) = self.elb.installation.store.world.load_balancers
        return balancer.nodes[0].interface.address

    async def apply(self) -> None:
        """Send the front proxy what the API has recorded, and wait until it has it."""
        shard = compile_front(
            self.elb.installation.store.world, VpcId(self.elb.vpc), str(self.front.folder / "health.json")
        )
        self.legal.append(await asyncio.to_thread(self._legal))
        await self.front.configure(shard, front_workload(VpcId(self.elb.vpc)))
        self.acknowledged = len(self.legal) - 1

    def _legal(self) -> Legal:
        rules = self.elb.client.describe_rules(ListenerArn=self.listener)["Rules"]
        presented = self.elb.client.describe_listener_certificates(ListenerArn=self.secured)["Certificates"]
        arns = {arn: name for name, arn in self.certificates.items()}
        names = {arns[entry["CertificateArn"]] for entry in presented}
        (default,) = (arns[entry["CertificateArn"]] for entry in presented if entry["IsDefault"])
        return Legal(
            {path: self._answering(rules, path) for path in PATHS},
            {name: name if name in names else default for name in NAMES},
        )

    def _answering(self, rules: Sequence[Mapping[str, Any]], path: str) -> frozenset[str]:
        """The groups of the first rule that a path fits."""
        by_arn = {arn: name for name, arn in self.groups.items()}
        ordered = sorted(rules, key=lambda rule: (rule["IsDefault"], 0 if rule["IsDefault"] else int(rule["Priority"])))
        for rule in ordered:
            if rule["IsDefault"] or fnmatchcase(path, rule["Conditions"][0]["Values"][0]):
                weighted = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
                return frozenset(by_arn[one["TargetGroupArn"]] for one in weighted if one["Weight"])
        raise AssertionError(path)

    def change(self, chance: random.Random) -> None:
        """One change by the API, drawn at random."""
        chance.choice([self._modify, self._swap, self._replace, self._set_default, self._present])(chance)

    def _rules(self) -> list[dict[str, Any]]:
        rules = self.elb.client.describe_rules(ListenerArn=self.listener)["Rules"]
        return [rule for rule in rules if not rule["IsDefault"]]

    def _modify(self, chance: random.Random) -> None:
        rule = chance.choice(self._rules())
        self.elb.client.modify_rule(RuleArn=rule["RuleArn"], Actions=[self._draw_action(chance)])

    def _swap(self, chance: random.Random) -> None:
        one, other = chance.sample(self._rules(), 2)
        pairs = ((one["RuleArn"], other["Priority"]), (other["RuleArn"], one["Priority"]))
        self.elb.client.set_rule_priorities(
            RulePriorities=[{"RuleArn": arn, "Priority": int(priority)} for arn, priority in pairs]
        )

    def _replace(self, chance: random.Random) -> None:
        """Create a rule at any priority that is free, or delete one."""
        rules = self._rules()
        if len(rules) > len(PATTERNS):
            self.elb.client.delete_rule(RuleArn=chance.choice(rules)["RuleArn"])
            return
        priority = chance.choice(sorted(set(range(1, 20)) - {int(rule["Priority"]) for rule in rules}))
        settings = {"Conditions": [path(chance.choice(PATTERNS))], "Actions": [self._draw_action(chance)]}
        self.elb.rule(self.listener, priority, **settings)

    def _set_default(self, chance: random.Random) -> None:
        self.elb.client.modify_listener(ListenerArn=self.listener, DefaultActions=[self._draw_action(chance)])

    def _present(self, chance: random.Random) -> None:
        """Change the default certificate, or add or remove another one."""
        arn, client = self.certificates[chance.choice(NAMES)], self.elb.client
        change: Callable[..., Any] = chance.choice(
            [client.modify_listener, client.add_listener_certificates, client.remove_listener_certificates]
        )
        presented = client.describe_listener_certificates(ListenerArn=self.secured)["Certificates"]
        if change == client.remove_listener_certificates and any(
            entry["IsDefault"] and entry["CertificateArn"] == arn for entry in presented
        ):
            return
        change(ListenerArn=self.secured, Certificates=[{"CertificateArn": arn}])

    def _draw_action(self, chance: random.Random) -> dict[str, Any]:
        groups = chance.sample(GROUPS, chance.choice([1, 2]))
        weighted = [{"TargetGroupArn": self.groups[name], "Weight": chance.choice([0, 1, 5]) or 1} for name in groups]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}


class Clients:
    """Clients that call the load balancer until they are stopped, and what they have seen."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._stopped = stage, threading.Event()
        self.replies: list[Reply] = []
        self.failures: list[str] = []

    def stop(self) -> None:
        """Have each client end after its request."""
        self._stopped.set()

    def call(self, *, keep: bool) -> None:
        """Call all paths in turn, over one connection as long as the load balancer keeps it, or each over its own."""
        connection = HTTPConnection(self._stage.node, timeout=PATIENCE)
        number = 0
        while not self._stopped.wait(PAUSE):
            subject = PATHS[number % len(PATHS)]
            number += 1
            self._record(subject, lambda: self._get(connection, subject))  # noqa: B023 (called before the next turn)
            if not keep:
                connection.close()
        connection.close()

    def handshake(self) -> None:
        """Open encrypted connections for all names in turn."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        number = 0
        while not self._stopped.wait(PAUSE):
            subject = NAMES[number % len(NAMES)]
            number += 1
            self._record(subject, lambda: self._certificate(context, subject))  # noqa: B023

    def _record(self, subject: str, ask: Callable[[], str]) -> None:
        first = self._stage.acknowledged
        try:
            seen = ask()
        except (OSError, HTTPException) as error:
            self.failures.append(f"{subject}: {error!r}, configurations {first} to {len(self._stage.legal) - 1}")
            return
        self.replies.append(Reply(first, len(self._stage.legal) - 1, subject, seen))

    @staticmethod
    def _get(connection: HTTPConnection, target: str) -> str:
        connection.request("GET", target)
        response = connection.getresponse()
        body = response.read()
        return str(json.loads(body)["app"]) if response.status == 200 else f"{response.status} {body!r}"

    def _certificate(self, context: ssl.SSLContext, name: str) -> str:
        with (
            socket.create_connection((self._stage.node, 443), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=name) as encrypted,
        ):
            content = encrypted.getpeercert(binary_form=True)
            encrypted.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            answer = encrypted.makefile("rb").read()
        assert content is not None
        certificate = x509.load_der_x509_certificate(content)
        subject = str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
        return subject if answer.startswith(b"HTTP/1.1 200 ") else answer.decode()


@pytest.fixture
async def stage(front: Rig) -> AsyncIterator[Stage]:
    new_stage = await asyncio.to_thread(Stage, front)
    async with AsyncExitStack() as running:
        for name, address in new_stage.addresses.items():
            await front.namespace.command(f"ip address add {address}/32 dev lo")
            app = App(name)
            await app.start(front.namespace, 8081, address)
            running.push_async_callback(app.stop)
        (balancer,) = new_stage.elb.installation.store.world.load_balancers
        for node in balancer.nodes:
            await front.namespace.command(f"ip address add {node.interface.address}/32 dev lo")
        await new_stage.apply()
        yield new_stage


async def test_no_change_loses_a_request_or_sends_it_to_a_wrong_group(stage):
    clients, chance = Clients(stage), random.Random(SEED)  # noqa: S311
    namespace = stage.front.namespace
    calls = [
        asyncio.ensure_future(namespace.run(call))
        for call in (lambda: clients.call(keep=True), lambda: clients.call(keep=False), clients.handshake)
    ]
    try:
        for _ in range(CHANGES):
            await asyncio.to_thread(stage.change, chance)
            await stage.apply()
    finally:
        clients.stop()
        await asyncio.gather(*calls)
    assert clients.failures == []
    wrong = [reply for reply in clients.replies if not is_legal(stage.legal, reply)]
    assert wrong == []
    assert {reply.subject for reply in clients.replies} == {*PATHS, *NAMES}


def is_legal(history: Sequence[Legal], reply: Reply) -> bool:
    """Whether one of the configurations that were in force allows what a client has seen."""
    in_force = history[reply.first : reply.last + 1]
    if reply.subject in NAMES:
        return any(legal.certificates[reply.subject] == reply.seen for legal in in_force)
    return any(reply.seen in legal.groups[reply.subject] for legal in in_force)
