"""The world's tables: one specification for each type of record, with the indexes that its readers need.

The index ``scope`` takes ``scope_key(scope)``; other indexes take an ARN or an id, or ``yes`` where they only mark.
"""
