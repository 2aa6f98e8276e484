"""How configuration gets to the proxies: state of a stream without I/O, and a gRPC shell around it."""
