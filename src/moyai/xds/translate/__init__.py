"""MeshIR into Envoy's messages. Pure, and one file a feature of Envoy.

Promise: the same mesh gives the same bytes; no default is chosen here that an AWS service could
have an opinion on. Messages: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/api
"""
