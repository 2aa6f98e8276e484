"""The tables of Amazon ECR and Amazon EFS."""

from __future__ import annotations

from moyai.domain.ecr.image import RepositoryImage, RepositoryLayer, content_key, tag_key
from moyai.domain.ecr.repository import Repository
from moyai.domain.efs.file_system import AccessPoint, FileSystem, MountTarget
from moyai.domain.keys import named_key
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import own_scope, scope_in_arn


class StorageTables:
    """Repositories with their images and layers; file systems, mount targets and access points."""

    repositories = TableSpec(Repository, scope=scope_in_arn)
    repository_images = TableSpec(
        RepositoryImage,
        repository=lambda i: (i.repository,),
        tag=lambda i: tuple(tag_key(i.repository, tag) for tag in i.tags),
        part=lambda i: tuple(content_key(i.repository, digest) for digest in i.manifests),
    )
    """``part``: indexes, by the images in them."""
    repository_layers = TableSpec(RepositoryLayer, repository=lambda r: (r.repository,))

    file_systems = TableSpec(
        FileSystem,
        scope=lambda f: () if f.is_hidden else own_scope(f),
        token=lambda f: () if f.deleted_at is not None else (named_key(f.scope, f.creation_token),),
    )
    """``token``: ``scope/creation token``."""
    mount_targets = TableSpec(
        MountTarget,
        scope=own_scope,
        file_system=lambda m: (m.file_system,),
        vpc=lambda m: (m.vpc,),
        subnet=lambda m: (m.subnet,),
        address=lambda m: (f"{m.subnet}/{m.address}",),
    )
    access_points = TableSpec(
        AccessPoint,
        scope=own_scope,
        file_system=lambda a: (a.file_system,),
        token=lambda a: (named_key(a.scope, a.client_token),),
    )
    """``token``: ``scope/client token``."""
