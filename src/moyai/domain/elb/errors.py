"""Elastic Load Balancing's errors, with AWS's texts where they are known.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ElbFault(ClientFault, code_suffix=""):
    """A client fault, whose code is the name of its class."""


class LoadBalancerNotFound(ElbFault, message="One or more load balancers not found"):
    """There is no such load balancer."""


class TargetGroupNotFound(ElbFault, message="One or more target groups not found"):
    """There is no such target group."""


class ListenerNotFound(ElbFault, message="One or more listeners not found"):
    """There is no such listener."""


class RuleNotFound(ElbFault, message="One or more rules not found"):
    """There is no such rule."""


class SubnetNotFound(ElbFault):
    """There is no such subnet."""


class InvalidSubnet(ElbFault):
    """The subnet can't have a node: it is full, of another VPC, or another one of its zone has a node."""


class InvalidSecurityGroup(ElbFault):
    """There is no such security group in the VPC."""


class AllocationIdNotFound(ElbFault):
    """There is no such elastic address."""


class CertificateNotFound(ElbFault):
    """There is no such certificate, or it was not issued."""


class SslPolicyNotFound(ElbFault, code="SSLPolicyNotFound"):
    """There is no such security policy."""


class AlpnPolicyNotFound(ElbFault, code="ALPNPolicyNotFound"):
    """There is no such ALPN policy."""


class DuplicateLoadBalancerName(ElbFault):
    """A load balancer of this name exists, with other settings."""


class DuplicateTargetGroupName(ElbFault):
    """A target group of this name exists, with other settings."""


class DuplicateListener(ElbFault, message="A listener already exists on this port for this load balancer"):
    """The load balancer listens on the port already."""


class DuplicateTagKeys(ElbFault):
    """A tag key is given twice."""


class PriorityInUse(ElbFault):
    """Another rule of the listener has the priority."""


class TargetGroupAssociationLimit(ElbFault):
    """The target group is used by another load balancer."""


class ResourceInUse(ElbFault):
    """The resource can't be deleted, because something uses it."""


class OperationNotPermitted(ElbFault):
    """The operation is not allowed for this resource."""


class InvalidConfigurationRequest(ElbFault):
    """The settings can't be used together, or moyai does not support one of them."""


class InvalidLoadBalancerAction(ElbFault):
    """The action is not possible on this listener."""


class InvalidTarget(ElbFault):
    """The target can't be in the target group."""


class IncompatibleProtocols(ElbFault):
    """The target group's protocol does not fit the listener's."""


class UnsupportedProtocol(ElbFault):
    """moyai's load balancers do not speak the protocol."""


class TooManyLoadBalancers(ElbFault):
    """There are as many load balancers in the region as allowed."""


class TooManyListeners(ElbFault):
    """The load balancer has as many listeners as allowed."""


class TooManyRules(ElbFault):
    """The load balancer has as many rules as allowed."""


class TooManyTargetGroups(ElbFault):
    """There are as many target groups as allowed."""


class TooManyUniqueTargetGroupsPerLoadBalancer(ElbFault):
    """The load balancer uses as many target groups as allowed."""


class TooManyTargets(ElbFault):
    """The target group has as many targets as allowed."""


class TooManyCertificates(ElbFault):
    """The listener has as many certificates as allowed."""


class TooManyTags(ElbFault):
    """The resource has as many tags as allowed."""
