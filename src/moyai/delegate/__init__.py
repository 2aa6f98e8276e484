"""The servers of the AWS services that moyai does not implement: endpoints that the user names, or moto in a process of
its own, which is started with the first such request and outlives the control plane.
"""
