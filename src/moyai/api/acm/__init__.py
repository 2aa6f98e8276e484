"""The operations of AWS Certificate Manager."""
