from __future__ import annotations

import pytest

from moyai.api.ecs.task_definitions.port_rules import check_links, check_ports, check_ports_of_task
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, PortMapping, port_range
from moyai.testing.world import Builder
from tests.unit.plan.instances import definition

AWSVPC, BRIDGE, HOST, NONE = NetworkMode.AWSVPC, NetworkMode.BRIDGE, NetworkMode.HOST, NetworkMode.NONE
RANGE = PortMapping(container_port_range="7000-7010", host_port=0)


def check(mode: NetworkMode, *containers: tuple[PortMapping, ...], links: tuple[str, ...] = ()) -> None:
    rules = tuple(
        ContainerDefinition(f"c{n}", "image", port_mappings=ports, links=() if n else links)
        for n, ports in enumerate(containers)
    )
    whole = Builder().definition("f", *rules)
    whole = type(whole)(**{f: getattr(whole, f) for f in whole.__struct_fields__} | {"network_mode": mode})
    for one in rules:
        check_ports(one, mode)
    check_ports_of_task(whole)
    check_links(whole)


@pytest.mark.parametrize(
    ("mode", "containers"),
    [
        (BRIDGE, ((PortMapping(80, 8080), PortMapping(80, 0)), (PortMapping(81, 0),))),
        (BRIDGE, ((PortMapping(53, 53), PortMapping(53, 53, "udp")),)),
        (BRIDGE, ((RANGE, PortMapping(80, 0)),)),
        (AWSVPC, ((RANGE, PortMapping(80, 80)),)),
        (HOST, ((PortMapping(80, 80),), (PortMapping(81, 81),))),
        (NONE, ((),)),
    ],
)
def test_valid_port_mappings_are_accepted(mode, containers):
    check(mode, *containers)


@pytest.mark.parametrize(
    ("mode", "containers", "words"),
    [
        (HOST, ((PortMapping(80, 8080),),), "When networkMode=host, the host ports and container ports"),
        (AWSVPC, ((PortMapping(80, 8080),),), "When networkMode=awsvpc, the host ports and container ports"),
        (NONE, ((PortMapping(80, 0),),), "networkMode=none"),
        (HOST, ((RANGE,),), "containerPortRange is not supported when networkMode=host"),
        (BRIDGE, ((PortMapping(80, container_port_range="1-2"),),), "can't be given together"),
        (BRIDGE, ((PortMapping(host_port=80, container_port_range="1-2"),),), "can't be given together"),
        *(
            (BRIDGE, ((PortMapping(container_port_range=text),),), "two ports between 1 and 65535")
            for text in ("", "7", "8-7", "7-7", "0-7", "7-65536", "a-b", "1-2-3", "-1-5", "1-99999999")
        ),
        (BRIDGE, ((RANGE, PortMapping(7005, 0)),), "used multiple times"),
        (AWSVPC, ((RANGE,), (PortMapping(7010, 7010),)), "used multiple times"),
        (HOST, ((PortMapping(80, 80),), (PortMapping(80, 80),)), "used multiple times"),
        (BRIDGE, ((PortMapping(80, 0),), (PortMapping(80, 0),)), "share one network"),
        (BRIDGE, ((PortMapping(80, 8080),), (PortMapping(81, 8080),)), "host port is used multiple times"),
        (BRIDGE, ((PortMapping(80, 65536),),), "hostPort"),
        (BRIDGE, (tuple(PortMapping(container_port_range=f"{n}-{n + 1}") for n in range(2, 204, 2)),), "more than 100"),
    ],
)
def test_invalid_port_mappings_are_refused(mode, containers, words):
    with pytest.raises(ClientException, match=words):
        check(mode, *containers)


def test_links_require_bridge_mode_and_other_containers():
    check(BRIDGE, (), (), links=("c1", "c1:db"))
    for links, words in ((("c0",), "no container"), (("gone",), "no container"), (("c1:a b",), "name:alias")):
        with pytest.raises(ClientException, match=words):
            check(BRIDGE, (), (), links=links)
    for mode in (AWSVPC, HOST, NONE):
        with pytest.raises(ClientException, match=f"Links are not supported when networkMode={mode}"):
            check(mode, (), (), links=("c1",))


def test_port_ranges_are_parsed():
    assert list(port_range("7-9")) == [7, 8, 9]
    assert not port_range("9-7")
    assert not port_range("\u0667-9")
    assert definition(Builder(), BRIDGE, RANGE).container_definitions[0].port_mappings[0].ports == range(7000, 7011)
