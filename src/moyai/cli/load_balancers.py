"""The load balancers of an account and region, with what a person types to reach them; ``moyai status`` prints them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    by_dns_name = {_text(balancer, "DNSName"): balancer for balancer in balancers}
    names = _RoutedNames(remote, by_dns_name)
    rows = {name: _row(remote, by_dns_name[name], addresses, urls, names) for name in sorted(by_dns_name)}
    return [rows[name] for name in by_dns_name]


class _RoutedNames:
    """The names of certificates that the server's port for names routes to each encrypted listener. The first listener
    with a name has it, by the load balancers' names and the ports; a load balancer's own name leads to no other one.
    """

    def __init__(self, remote: Remote, dns_names: Collection[str]) -> None:
        self._remote, self._dns_names = remote, dns_names
        self._used: set[str] = set()

    def claim(self, listener: Element, dns_name: str) -> Sequence[str]:
        """The names that lead to this listener. To be called in the order of listeners."""
        arn = _text(listener, "ListenerArn")
        others = _members(self._remote, "DescribeListenerCertificates", "Certificates", ListenerArn=arn)
        certificates = dict.fromkeys(
            [_text(listener, _CERTIFICATE), *(_text(item, "CertificateArn") for item in others)]
        )
        names = dict.fromkeys(name for certificate in certificates for name in self._names_of(certificate))
        free = [name for name in names if name not in self._used and self._owner(name) in {None, dns_name}]
        self._used.update(free)
        return free

    def _names_of(self, certificate: str) -> Sequence[str]:
        try:
            answer = self._remote.call("acm", "DescribeCertificate", CertificateArn=certificate)
        except Unreachable:
            return ()
        return [name.lower() for name in answer["Certificate"].get("SubjectAlternativeNames", ())]

    def _owner(self, name: str) -> str | None:
        """The load balancer whose own name this is, with a port before it or without."""
        port, _, rest = name.partition(".")
        return next((own for own in self._dns_names if own.lower() in {name, rest if port.isdigit() else name}), None)


def _row(
    remote: Remote, balancer: Element, addresses: Mapping[str, list[str]], urls: PublicUrls, names: _RoutedNames
) -> dict[str, Any]:
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
        "urls": list(_urls(remote, arn, dns_name, public if kind == "network" else public[:1], urls, names)),
    }


def _urls(
    remote: Remote, arn: str, dns_name: str, addresses: Sequence[str], urls: PublicUrls, names: _RoutedNames
) -> Iterator[str]:
    """By name, where the server has ports for that, and of each listener at these public addresses. UDP has none, and
    HTTPS has names only where it can: no certificate is for an address. A network load balancer's nodes differ: each
    has the targets of its own zone, unless it is told otherwise.
    """
    listeners = list(_members(remote, "DescribeListeners", "Listeners", LoadBalancerArn=arn)) if addresses else []
    listeners.sort(key=lambda listener: int(_text(listener, "Port")))
    protocols = {int(_text(listener, "Port")): _text(listener, "Protocol") for listener in listeners}
    by_name = urls.of_name(dns_name) if "HTTP" in protocols.values() else ""
    encrypted = [listener for listener in listeners if _text(listener, "Protocol") in {"HTTPS", "TLS"}]
    by_certificate = [
        url
        for number, listener in enumerate(encrypted)
        if (name := _encrypted_name(names.claim(listener, dns_name), listener, dns_name, is_first=number == 0))
        and _text(listener, "Protocol") == "HTTPS"
        and (url := urls.of_name(name, "https"))
    ]
    yield from filter(None, [by_name, *by_certificate])
    for port, protocol in protocols.items():
        scheme = protocol.lower() if protocol in _SCHEMES else "tcp"
        if protocol != "UDP" and not (protocol == "HTTPS" and by_certificate):
            yield from (urls.at(scheme, address, port) for address in addresses)


def _encrypted_name(routed: Sequence[str], listener: Element, dns_name: str, *, is_first: bool) -> str:
    """A name of the listener's certificates that leads to it, the load balancer's if that is one; the load balancer's
    also if the certificates have no name that can be called and that leads here, or are gone.
    """
    own_name = dns_name if is_first else f"{_text(listener, 'Port')}.{dns_name}"
    names = [name for name in routed if "*" not in name]
    return own_name if own_name.lower() in names or not names else names[0]


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
