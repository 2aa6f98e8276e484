"""The small languages of the AWS APIs: parsers and evaluators. Pure.

Metric math, metric search and labels (CloudWatch), filter patterns (CloudWatch Logs), the cluster query language (ECS),
alarm rules (CloudWatch) and cron expressions (Application Auto Scaling). What they read of the world is passed in.
"""
