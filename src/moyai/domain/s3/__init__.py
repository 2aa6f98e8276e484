"""Files for containers' ``environmentFiles``, kept under the names of objects in S3."""
