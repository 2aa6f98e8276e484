"""``moyai appmesh``: external proxies and configurations of App Mesh."""
