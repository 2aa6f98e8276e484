"""The load balancers of an account and region, with their URLs on this machine, as ``moyai status`` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from moyai.cli.public_urls import PublicUrls
from moyai.cli.remote import Remote

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_VERSION: Final = "2015-12-01"
_SCHEMES: Mapping[str, Sequence[str]] = MappingProxyType(
    {"HTTP": ("http",), "HTTPS": ("https",), "UDP": ("udp",), "TCP_UDP": ("tcp", "udp")}
)


def load_balancers(remote: Remote, urls: PublicUrls) -> list[dict[str, Any]]:
    """Name, type, scheme, state and DNS name of each load balancer, and its URLs on this machine."""
    balancers = list(_members(remote, "DescribeLoadBalancers", "LoadBalancers"))
    addresses = remote.public_addresses_by_description() if balancers else {}
    return [_row(remote, balancer, addresses, urls) for balancer in balancers]


def _row(remote: Remote, balancer: Element, addresses: Mapping[str, list[str]], urls: PublicUrls) -> dict[str, Any]:
    arn, kind = _text(balancer, "LoadBalancerArn"), _text(balancer, "Type")
    public = addresses.get(f"ELB {arn.partition(':loadbalancer/')[2]}", [])
    return {
        "name": _text(balancer, "LoadBalancerName"),
        "type": kind,
        "scheme": _text(balancer, "Scheme"),
        "state": _text(balancer, "State/{*}Code"),
        "reason": _text(balancer, "State/{*}Reason"),
        "dns_name": _text(balancer, "DNSName"),
        "urls": list(_urls(remote, arn, public if kind == "network" else public[:1], urls)),
    }


def _urls(remote: Remote, arn: str, addresses: Sequence[str], urls: PublicUrls) -> Iterator[str]:
    """The URLs by name, where the server has ports for that, and those of each listener at these public addresses. An
    HTTPS listener that has a name has no others, because no certificate is for an address. A network load balancer has
    several addresses, because each of its nodes has the targets of its own zone only, by default.
    """
    listeners = list(_members(remote, "DescribeListeners", "Listeners", LoadBalancerArn=arn)) if addresses else []
    by_name = urls.of_listeners(arn) if listeners else {}
    yield from by_name.values()
    for port, protocol in sorted((int(_text(listener, "Port")), _text(listener, "Protocol")) for listener in listeners):
        if not (protocol == "HTTPS" and port in by_name):
            schemes = _SCHEMES.get(protocol, ("tcp",))
            yield from (urls.at(scheme, address, port) for address in addresses for scheme in schemes)


def _members(remote: Remote, operation: str, member: str, **parameters: str) -> Iterator[Element]:
    """The members of all pages of an operation of Elastic Load Balancing."""
    marker: str | None = ""
    while marker is not None:
        more = {"Marker": marker} if marker else {}
        page = remote.query("elasticloadbalancing", _VERSION, operation, **parameters, **more)
        yield from page.iterfind(f"{{*}}{operation}Result/{{*}}{member}/{{*}}member")
        marker = page.findtext(f"{{*}}{operation}Result/{{*}}NextMarker") or None


def _text(item: Element, name: str) -> str:
    return item.findtext(f"{{*}}{name}") or ""
