"""Amazon EFS: file systems as directories that tasks share."""
