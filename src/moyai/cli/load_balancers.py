"""The load balancers of an account and region, with what a person types to reach them; ``moyai status`` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from moyai.cli.errors import Unreachable
from moyai.cli.public_urls import PublicUrls
from moyai.cli.remote import Remote

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_VERSION: Final = "2015-12-01"
_CERTIFICATE: Final = "Certificates/{*}member/{*}CertificateArn"
_SCHEMES: Final = frozenset({"HTTP", "HTTPS"})


def load_balancers(remote: Remote, urls: PublicUrls) -> list[dict[str, Any]]:
    """Name, type, scheme, state and DNS name of each load balancer, and its URLs on this machine."""
    balancers = list(_members(remote, "DescribeLoadBalancers", "LoadBalancers"))
    if not balancers:
        return []
    addresses = remote.public_addresses_by_description()
    return [_row(remote, balancer, addresses, urls) for balancer in balancers]


def _row(remote: Remote, balancer: Element, addresses: Mapping[str, list[str]], urls: PublicUrls) -> dict[str, Any]:
    arn, dns_name = _text(balancer, "LoadBalancerArn"), _text(balancer, "DNSName")
    kind = _text(balancer, "Type")
    public = addresses.get(f"ELB {arn.partition(':loadbalancer/')[2]}", [])
    return {
        "name": _text(balancer, "LoadBalancerName"),
        "type": kind,
        "scheme": _text(balancer, "Scheme"),
        "state": _text(balancer, "State/{*}Code"),
        "reason": _text(balancer, "State/{*}Reason"),
        "dns_name": dns_name,
        "urls": list(_urls(remote, arn, dns_name, public if kind == "network" else public[:1], urls)),
    }


def _urls(remote: Remote, arn: str, dns_name: str, addresses: Sequence[str], urls: PublicUrls) -> Iterator[str]:
    """By name, where the server has ports for that, and of each listener at these public addresses. UDP has none, and
    HTTPS has names only where it can: no certificate is for an address. A network load balancer's nodes differ: each
    has the targets of its own zone, unless it is told otherwise.
    """
    listeners = list(_members(remote, "DescribeListeners", "Listeners", LoadBalancerArn=arn)) if addresses else []
    listeners.sort(key=lambda listener: int(_text(listener, "Port")))
    protocols = {int(_text(listener, "Port")): _text(listener, "Protocol") for listener in listeners}
    by_name = urls.of_name(dns_name) if "HTTP" in protocols.values() else ""
    encrypted = [listener for listener in listeners if _text(listener, "Protocol") == "HTTPS"]
    by_certificate = [
        url
        for number, listener in enumerate(encrypted)
        if (url := urls.of_name(_encrypted_name(remote, listener, dns_name, is_first=number == 0), "https"))
    ]
    yield from filter(None, [by_name, *by_certificate])
    for port, protocol in protocols.items():
        scheme = protocol.lower() if protocol in _SCHEMES else "tcp"
        if protocol != "UDP" and not (protocol == "HTTPS" and by_certificate):
            yield from (urls.at(scheme, address, port) for address in addresses)


def _encrypted_name(remote: Remote, listener: Element, dns_name: str, *, is_first: bool) -> str:
    """A name that the listener's default certificate is for, the load balancer's if that is one; the name that leads to
    the listener if the certificate has no name that can be called, or is gone.
    """
    own_name = dns_name if is_first else f"{_text(listener, 'Port')}.{dns_name}"
    try:
        answer = remote.call("acm", "DescribeCertificate", CertificateArn=_text(listener, _CERTIFICATE))
    except Unreachable:
        return own_name
    names = [name for name in answer["Certificate"].get("SubjectAlternativeNames", ()) if "*" not in name]
    return own_name if own_name in names or not names else str(names[0])


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
