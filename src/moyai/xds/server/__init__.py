"""The xDS server: the state of streams without I/O, and a gRPC server around it."""
