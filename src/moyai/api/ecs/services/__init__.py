"""Services, their deployments and revisions, and task sets: operations, rules and views."""
