"""The servers of the AWS services that moyai does not implement: endpoints that the user configures, or the embedded
server, which is moto in a process of its own. That process is started by the first such request, and outlives the
control plane.
"""
