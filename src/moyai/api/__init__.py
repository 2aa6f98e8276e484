"""The AWS API: gateway, protocols, signatures and routing, and a package for each AWS service."""
