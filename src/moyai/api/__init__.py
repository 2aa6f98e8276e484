"""The AWS door: the protocols, the signature, the routing, and a room for each AWS service."""
