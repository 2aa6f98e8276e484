"""RAM as its SDK sees it, and what a namespace is to the account that it is shared with."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from moyai.domain.ram.permission import NAMESPACE_PERMISSION
from moyai.domain.ram.share import INVITATION_LIFE
from moyai.domain.vpc.default import default_vpc
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import Scope
from moyai.testing.world import SCOPE
from tests.contract.api.installation import Installation
from tests.unit.api.ecs.client import connect, fargate, offer, service

OTHER, THIRD = "222222222222", "333333333333"
THERE = Scope(AccountId(OTHER), SCOPE.region)


class Sharing:
    """An account that owns the namespace ``shop``, and another one."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.ram, self.theirs = installation.client("ram"), installation.client("ram", OTHER)
        self.namespace = str(installation.builder.namespace("shop"))

    def share(self, **params):
        requested_params = {"name": "shared", "resourceArns": [self.namespace], "principals": [OTHER]} | params
        return self.ram.create_resource_share(**requested_params)["resourceShare"]["resourceShareArn"]

    def invitation(self):
        [resource_share_invitation] = self.theirs.get_resource_share_invitations()["resourceShareInvitations"]
        return resource_share_invitation

    def accept(self):
        return self.theirs.accept_resource_share_invitation(
            resourceShareInvitationArn=self.invitation()["resourceShareInvitationArn"]
        )["resourceShareInvitation"]

    def principals(self):
        resource_share_associations = self.ram.get_resource_share_associations(associationType="PRINCIPAL")[
            "resourceShareAssociations"
        ]
        return {one["associatedEntity"]: one["status"] for one in resource_share_associations}


@pytest.fixture
def sharing(installation):
    return Sharing(installation)


def test_a_share_from_creation_to_deletion(sharing):
    share = sharing.share(tags=[{"key": "a", "value": "b"}])
    [resource_share] = sharing.ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
    assert (resource_share["name"], resource_share["status"], resource_share["owningAccountId"]) == (
        "shared",
        "ACTIVE",
        SCOPE.account,
    )
    assert resource_share["tags"] == [{"key": "a", "value": "b"}]
    assert sharing.principals() == {OTHER: "ASSOCIATING"}
    assert sharing.theirs.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"] == []
    assert (sharing.invitation()["status"], sharing.invitation()["senderAccountId"]) == ("PENDING", SCOPE.account)
    [pending] = sharing.theirs.list_pending_invitation_resources(
        resourceShareInvitationArn=sharing.invitation()["resourceShareInvitationArn"]
    )["resources"]
    assert (pending["arn"], pending["type"]) == (sharing.namespace, "servicediscovery:Namespace")
    assert sharing.accept()["status"] == "ACCEPTED"
    assert sharing.principals() == {OTHER: "ASSOCIATED"}
    [observed_resource_share] = sharing.theirs.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]
    assert (observed_resource_share["resourceShareArn"], observed_resource_share["tags"]) == (share, [])
    [resource] = sharing.theirs.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"]
    assert resource["arn"] == sharing.namespace
    assert [p["id"] for p in sharing.ram.list_principals(resourceOwner="SELF")["principals"]] == [OTHER]
    assert [p["id"] for p in sharing.theirs.list_principals(resourceOwner="OTHER-ACCOUNTS")["principals"]] == [
        SCOPE.account
    ]
    sharing.ram.untag_resource(resourceShareArn=share, tagKeys=["a"])
    sharing.ram.update_resource_share(resourceShareArn=share, name="renamed")
    [resource_share] = sharing.ram.get_resource_shares(resourceOwner="SELF", name="renamed")["resourceShares"]
    assert resource_share["tags"] == []
    [permission] = sharing.ram.list_resource_share_permissions(resourceShareArn=share)["permissions"]
    assert permission["arn"] == NAMESPACE_PERMISSION.arn
    assert (
        "GetNamespace" in sharing.ram.get_permission(permissionArn=NAMESPACE_PERMISSION.arn)["permission"]["permission"]
    )
    assert sharing.ram.delete_resource_share(resourceShareArn=share)["returnValue"] is True
    with pytest.raises(sharing.ram.exceptions.UnknownResourceException):
        sharing.ram.get_resource_shares(resourceOwner="SELF", resourceShareArns=[share])
    assert sharing.theirs.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"] == []


def test_resources_and_principals_are_associated_and_disassociated(sharing):
    share = sharing.share(resourceArns=[], principals=[])
    params = {"resourceShareArn": share, "resourceArns": [sharing.namespace], "principals": [OTHER, THIRD]}
    put_in = sharing.ram.associate_resource_share(**params)["resourceShareAssociations"]
    assert {one["associatedEntity"]: one["status"] for one in put_in} == {
        sharing.namespace: "ASSOCIATED",
        OTHER: "ASSOCIATING",
        THIRD: "ASSOCIATING",
    }
    sharing.accept()
    assert sharing.principals() == {OTHER: "ASSOCIATED", THIRD: "ASSOCIATING"}
    sharing.ram.associate_resource_share(**params)
    assert sharing.principals() == {OTHER: "ASSOCIATED", THIRD: "ASSOCIATING"}, "and once is enough"
    taken = sharing.ram.disassociate_resource_share(resourceShareArn=share, principals=[OTHER])
    assert [
        resource_share_association["status"] for resource_share_association in taken["resourceShareAssociations"]
    ] == ["DISASSOCIATED"]
    assert sharing.principals() == {THIRD: "ASSOCIATING"}
    assert sharing.theirs.get_resource_share_invitations()["resourceShareInvitations"] == []


def test_an_account_leaves_a_share(sharing):
    share = sharing.share()
    sharing.accept()
    for more in ({"principals": [THIRD]}, {"principals": [OTHER], "resourceArns": [sharing.namespace]}):
        with pytest.raises(sharing.theirs.exceptions.OperationNotPermittedException):
            sharing.theirs.disassociate_resource_share(resourceShareArn=share, **more)
    sharing.theirs.disassociate_resource_share(resourceShareArn=share, principals=[OTHER])
    assert sharing.principals() == {}
    assert sharing.theirs.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"] == []
    with pytest.raises(sharing.theirs.exceptions.UnknownResourceException):
        sharing.theirs.disassociate_resource_share(resourceShareArn=share, principals=[OTHER])


def test_a_rejected_invitation_can_be_sent_again(sharing):
    share = sharing.share()
    arn = sharing.invitation()["resourceShareInvitationArn"]
    sharing.theirs.reject_resource_share_invitation(resourceShareInvitationArn=arn)
    assert sharing.principals() == {OTHER: "FAILED"}
    with pytest.raises(sharing.theirs.exceptions.ResourceShareInvitationAlreadyRejectedException):
        sharing.theirs.accept_resource_share_invitation(resourceShareInvitationArn=arn)
    sharing.ram.associate_resource_share(resourceShareArn=share, principals=[OTHER])
    invitations = sharing.theirs.get_resource_share_invitations()["resourceShareInvitations"]
    assert sorted(invitation["status"] for invitation in invitations) == ["PENDING", "REJECTED"]


def test_the_types_that_can_be_shared_are_listed(sharing):
    types = sharing.ram.list_resource_types(resourceRegionScope="REGIONAL")["resourceTypes"]
    namespace = {"resourceType": "servicediscovery:Namespace", "serviceName": "servicediscovery"}
    assert {**namespace, "resourceRegionScope": "REGIONAL"} in types
    assert len(sharing.ram.list_resource_types()["resourceTypes"]) == len(types)
    assert sharing.ram.list_resource_types(resourceRegionScope="GLOBAL")["resourceTypes"] == []


def test_an_invitation_expires(sharing):
    sharing.share()
    arn = sharing.invitation()["resourceShareInvitationArn"]
    sharing.installation.clock.turn_to(sharing.installation.now + INVITATION_LIFE)
    assert sharing.invitation()["status"] == "EXPIRED"
    with pytest.raises(sharing.theirs.exceptions.ResourceShareInvitationExpiredException):
        sharing.theirs.accept_resource_share_invitation(resourceShareInvitationArn=arn)


def test_client_tokens(sharing):
    first = sharing.share(clientToken="t")
    assert sharing.share(clientToken="t") == first
    with pytest.raises(sharing.ram.exceptions.IdempotentParameterMismatchException):
        sharing.share(clientToken="t", name="another")
    arn = sharing.invitation()["resourceShareInvitationArn"]
    for _ in range(2):
        sharing.theirs.accept_resource_share_invitation(resourceShareInvitationArn=arn, clientToken="a")
    with pytest.raises(sharing.theirs.exceptions.ResourceShareInvitationAlreadyAcceptedException):
        sharing.theirs.accept_resource_share_invitation(resourceShareInvitationArn=arn)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"resourceArns": ["nonsense"]}, "MalformedArnException"),
        ({"resourceArns": ["arn:aws:ec2:us-east-1:123456789012:subnet/s"]}, "InvalidParameterException"),
        (
            {"resourceArns": ["arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-none"]},
            "UnknownResourceException",
        ),
        ({"principals": ["me"]}, "InvalidParameterException"),
        ({"principals": [SCOPE.account]}, "InvalidParameterException"),
        ({"principals": ["arn:aws:organizations::1:organization/o-1"]}, "OperationNotPermittedException"),
        ({"allowExternalPrincipals": False}, "OperationNotPermittedException"),
        ({"permissionArns": ["arn:aws:ram::aws:permission/Other"]}, "UnknownResourceException"),
        ({"sources": [OTHER]}, "InvalidParameterException"),
        ({"name": " "}, "InvalidParameterException"),
        ({"clientToken": "t" * 65}, "InvalidClientTokenException"),
    ],
)
def test_unshareable_resources_are_refused(sharing, params, code):
    with pytest.raises(ClientError, match=code):
        sharing.share(**params)
    assert sharing.ram.get_resource_shares(resourceOwner="SELF")["resourceShares"] == []


def test_a_shared_resource_cannot_be_shared_again(sharing):
    sharing.share()
    sharing.accept()
    with pytest.raises(sharing.theirs.exceptions.UnknownResourceException):
        sharing.theirs.create_resource_share(name="on", resourceArns=[sharing.namespace], principals=[THIRD])


def test_a_namespace_that_is_deleted_leaves_its_share(sharing):
    sharing.share()
    sharing.installation.client("servicediscovery").delete_namespace(Id=sharing.namespace)
    assert sharing.ram.list_resources(resourceOwner="SELF")["resources"] == []
    assert sharing.principals() == {OTHER: "ASSOCIATING"}


def test_cloud_map_in_the_consumers_account(sharing):
    mine, theirs = (
        sharing.installation.client("servicediscovery"),
        sharing.installation.client("servicediscovery", OTHER),
    )
    share = sharing.share()
    for call in ({"Id": sharing.namespace}, {"Id": sharing.namespace.rpartition("/")[2]}):
        with pytest.raises(theirs.exceptions.NamespaceNotFound):
            theirs.get_namespace(**call)
    sharing.accept()
    assert theirs.get_namespace(Id=sharing.namespace)["Namespace"]["ResourceOwner"] == SCOPE.account
    [namespace] = theirs.list_namespaces()["Namespaces"]
    assert namespace["Arn"] == sharing.namespace
    owned = [{"Name": "RESOURCE_OWNER", "Values": ["SELF"], "Condition": "EQ"}]
    assert theirs.list_namespaces(Filters=owned)["Namespaces"] == []
    new_service = theirs.create_service(Name="db", NamespaceId=sharing.namespace)["Service"]
    assert (new_service["ResourceOwner"], new_service["CreatedByAccount"]) == (SCOPE.account, OTHER)
    operation = theirs.register_instance(ServiceId=new_service["Arn"], InstanceId="one", Attributes={"a": "b"})[
        "OperationId"
    ]
    finished_operation = theirs.get_operation(OperationId=operation, OwnerAccount=SCOPE.account)["Operation"]
    assert (finished_operation["Status"], finished_operation["OwnerAccount"]) == ("SUCCESS", SCOPE.account)
    [instance] = mine.list_instances(ServiceId=new_service["Id"])["Instances"]
    assert instance["CreatedByAccount"] == OTHER
    names = {"NamespaceName": "shop", "ServiceName": "db"}
    assert [i["InstanceId"] for i in mine.discover_instances(**names)["Instances"]] == ["one"]
    instances = theirs.discover_instances(**names, OwnerAccount=SCOPE.account)["Instances"]
    assert [i["InstanceId"] for i in instances] == ["one"]
    with pytest.raises(theirs.exceptions.NamespaceNotFound):
        theirs.discover_instances(**names)
    for change in (
        theirs.delete_namespace,
        lambda **n: theirs.update_http_namespace(**n, Namespace={"Description": ""}),
    ):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            change(Id=sharing.namespace)
    with pytest.raises(theirs.exceptions.ResourceNotFoundException):
        theirs.tag_resource(ResourceARN=sharing.namespace, Tags=[{"Key": "a", "Value": "b"}])
    sharing.ram.disassociate_resource_share(resourceShareArn=share, resourceArns=[sharing.namespace])
    with pytest.raises(theirs.exceptions.ServiceNotFound):
        theirs.get_service(Id=new_service["Arn"])
    with pytest.raises(theirs.exceptions.NamespaceNotFound):
        theirs.discover_instances(**names, OwnerAccount=SCOPE.account)
    assert theirs.list_services()["Services"] == []
    assert [s["Name"] for s in mine.list_services()["Services"]] == ["db"]


def test_service_connect_in_a_shared_namespace(sharing):
    ecs, owners = sharing.installation.client("ecs", OTHER), sharing.installation.client("ecs")
    for client in (ecs, owners):
        client.create_cluster()
        client.register_task_definition(**fargate())
    subnets = [subnet.id for subnet in default_vpc(THERE).subnets]
    network = {"awsvpcConfiguration": {"subnets": subnets}}
    expected_service = service(
        serviceConnectConfiguration=connect(offer(discoveryName="theirs"), namespace=sharing.namespace),
        networkConfiguration=network,
    )
    share = sharing.share()
    refused = "not authorized to perform: servicediscovery:GetNamespace .* no resource-based policy"
    with pytest.raises(ecs.exceptions.ClientException, match=refused):
        ecs.create_service(**expected_service)
    with pytest.raises(ecs.exceptions.ClientException, match=refused):
        ecs.update_cluster(cluster="default", serviceConnectDefaults={"namespace": sharing.namespace})
    sharing.accept()
    theirs = ecs.create_service(**expected_service)["service"]
    [new_service] = sharing.installation.client("servicediscovery", OTHER).list_services()["Services"]
    assert (new_service["Name"], new_service["ResourceOwner"], new_service["CreatedByAccount"]) == (
        "theirs",
        SCOPE.account,
        OTHER,
    )
    used_connect = connect(offer(discoveryName="theirs"), namespace=sharing.namespace)
    with pytest.raises(owners.exceptions.InvalidParameterException, match="already used"):
        owners.create_service(**service(serviceConnectConfiguration=used_connect))
    own = owners.create_service(**service(serviceConnectConfiguration=connect(offer(), namespace=sharing.namespace)))
    world = sharing.installation.store.world
    names = world.services[own["service"]["serviceArn"]].primary.view.names
    assert {name.dns_name for name in names} == {"theirs.shop", "http.shop"}
    service_arns = ecs.list_services_by_namespace(namespace=sharing.namespace)["serviceArns"]
    assert set(service_arns) == {theirs["serviceArn"], own["service"]["serviceArn"]}
    sharing.ram.delete_resource_share(resourceShareArn=share)
    for call in (
        lambda: ecs.update_service(service="web", forceNewDeployment=True),
        lambda: ecs.list_services_by_namespace(namespace=sharing.namespace),
    ):
        with pytest.raises(ecs.exceptions.ClientException, match=refused):
            call()
    assert ecs.update_service(service="web", desiredCount=2)["service"]["desiredCount"] == 2
    assert ecs.delete_service(service="web", force=True)["service"]["status"] == "DRAINING"
