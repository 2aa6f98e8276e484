"""How a service moves from one revision to the next: BLUE_GREEN, LINEAR, CANARY, and the records that ROLLING has, too.

Promise: one transition at a time, each recorded before the next, so a deployment goes on after any interruption.
Callers are told of a pool of tasks before it gets traffic and it has lost all its traffic before they forget it;
tasks stop only when every caller's proxy has acknowledged that. A rollback is the same way back.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""
