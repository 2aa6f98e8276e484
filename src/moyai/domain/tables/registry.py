"""The tables of Amazon ECR."""

from __future__ import annotations

from moyai.domain.ecr.image import RepositoryImage, RepositoryLayer, content_key, tag_key
from moyai.domain.ecr.repository import Repository
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import scope_in_arn


class RegistryTables:
    """Repositories, and the images and layers in them."""

    repositories = TableSpec(Repository, scope=scope_in_arn)
    repository_images = TableSpec(
        RepositoryImage,
        repository=lambda i: (i.repository,),
        tag=lambda i: tuple(tag_key(i.repository, tag) for tag in i.tags),
        part=lambda i: tuple(content_key(i.repository, digest) for digest in i.manifests),
    )
    """``part``: of an index, its images."""
    repository_layers = TableSpec(RepositoryLayer, repository=lambda r: (r.repository,))
