"""Amazon Elastic File System: file systems, their mount targets and their access points."""
