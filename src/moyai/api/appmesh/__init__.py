"""AWS App Mesh: five operations for each of seven kinds of resources, with a file for each kind; and tags."""
