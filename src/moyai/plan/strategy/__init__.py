"""Deployment strategies (ROLLING, BLUE_GREEN, LINEAR, CANARY): how a service moves from one revision to the next.

Promise: a deployment makes one transition at a time, and each is recorded before the next, so that it continues after
any interruption. Callers know a pool of tasks before it gets traffic, and forget it only after it has lost all traffic;
its tasks stop only when every caller's proxy has acknowledged that. A rollback takes the same steps in reverse.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""
