"""Certificate authorities, the certificates of Service Connect's endpoints, and those of Certificate Manager."""
