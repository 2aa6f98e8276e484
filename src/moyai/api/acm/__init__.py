"""AWS Certificate Manager's operations. One file a subject."""
