"""Translates the mesh IR into Envoy's messages; pure, with a module for each kind of message.

Promise: the same mesh gives the same bytes. The compilers choose the defaults of AWS services, not this package.
Messages: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/api
"""
