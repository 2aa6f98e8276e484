"""The service scheduler: how many tasks a service has and of which deployment, which start and which stop."""
