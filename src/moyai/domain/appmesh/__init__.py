"""AWS App Mesh: meshes, and the virtual nodes, services, routers, routes and gateways in them."""
