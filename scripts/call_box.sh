#!/usr/bin/env bash
# Runs a service in moyai's container, which has its own ports on this machine's loopback, and calls it by port and by name.
# Needs the AWS CLI and its environment variables.
set -euo pipefail

subnet=$(aws ec2 describe-subnets --query 'Subnets[0].SubnetId' --output text)
aws ecs create-cluster --cluster-name web >/dev/null
aws ecs register-task-definition --family hello --requires-compatibilities FARGATE --network-mode awsvpc \
  --cpu 256 --memory 512 --container-definitions '[{"name": "app", "image": "moyai.local/host",
    "command": ["python3", "-m", "http.server", "8000"], "portMappings": [{"containerPort": 8000}]}]' >/dev/null
aws ecs create-service --cluster web --service-name hello --task-definition hello --desired-count 2 \
  --network-configuration "awsvpcConfiguration={subnets=[$subnet],assignPublicIp=ENABLED}" >/dev/null
aws ecs wait services-stable --cluster web --services hello
for url in http://127.0.0.1:20000/ http://hello.web.localhost:8080/; do
  curl --fail --silent --show-error --retry 20 --retry-delay 1 --retry-all-errors --output /dev/null "$url"
  printf '%s answers\n' "$url"
done
