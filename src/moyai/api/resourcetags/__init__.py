"""The Resource Groups Tagging API: tags of the resources of all services."""
