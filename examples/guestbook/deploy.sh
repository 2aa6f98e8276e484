#!/usr/bin/env bash
# Deploys the guestbook to ECS with the AWS CLI alone, on moyai (AWS_ENDPOINT_URL) or on AWS. The images are pushed first:
# see README.md. Run it once; `aws ecs update-service --force-new-deployment` deploys again.
set -euo pipefail
cd "$(dirname "$0")"
export AWS_PAGER=

id() { aws "$@" --output text; }

echo "secrets"
SECRET=$(id secretsmanager create-secret --name guestbook/db --query ARN \
  --secret-string "{\"password\": \"$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')\"}")
aws ssm put-parameter --name /guestbook/title --type String --value "${TITLE:-Guestbook}" >/dev/null

echo "file system"
VPC=$(id ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId')
read -ra SUBNETS <<<"$(id ec2 describe-subnets --filters Name=default-for-az,Values=true --query 'Subnets[].SubnetId')"
FILE_SYSTEM=$(id efs create-file-system --creation-token guestbook --query FileSystemId)
until [[ $(id efs describe-file-systems --file-system-id "$FILE_SYSTEM" --query 'FileSystems[0].LifeCycleState') == available ]]; do sleep 1; done
for subnet in "${SUBNETS[@]}"; do
  aws efs create-mount-target --file-system-id "$FILE_SYSTEM" --subnet-id "$subnet" >/dev/null
done
access_point() { # NAME USER OPTIONS…: a directory that belongs to a user
  id efs create-access-point --file-system-id "$FILE_SYSTEM" --query AccessPointId "${@:3}" \
    --root-directory "Path=/$1,CreationInfo={OwnerUid=$2,OwnerGid=$2,Permissions=750}"
}
UPLOADS=$(access_point uploads 1000 --posix-user Uid=1000,Gid=1000)
DATABASE=$(access_point database 999) # without a user: PostgreSQL's entry point is root first, and then postgres

echo "load balancer"
LOAD_BALANCER=$(id elbv2 create-load-balancer --name guestbook --subnets "${SUBNETS[@]}" --query 'LoadBalancers[0].LoadBalancerArn')
TARGET_GROUP=$(id elbv2 create-target-group --name guestbook-web --protocol HTTP --port 80 --target-type ip --vpc-id "$VPC" \
  --health-check-path /health --health-check-interval-seconds 5 --health-check-timeout-seconds 4 --query 'TargetGroups[0].TargetGroupArn')
aws elbv2 create-listener --load-balancer-arn "$LOAD_BALANCER" --protocol HTTP --port 80 \
  --default-actions Type=forward,TargetGroupArn="$TARGET_GROUP" >/dev/null

# The identifiers that AWS has just given, in a file of this folder.
render() {
  sed -e "s|\${SECRET}|$SECRET|; s|\${FILE_SYSTEM}|$FILE_SYSTEM|; s|\${UPLOADS}|$UPLOADS|; s|\${DATABASE}|$DATABASE|" \
    -e "s|\${TARGET_GROUP}|$TARGET_GROUP|; s|\"\${SUBNETS}\"|$(printf '"%s",' "${SUBNETS[@]}" | sed 's/,$//')|" "$1"
}

aws ecs create-cluster --cluster-name guestbook --service-connect-defaults namespace=guestbook >/dev/null
for name in db cache api feed web; do # a service can call the names that exist when it is deployed
  echo "service $name"
  aws ecs register-task-definition --cli-input-json "$(render task-definitions/$name.json)" >/dev/null
  aws ecs create-service --cli-input-json "$(render services/$name.json)" >/dev/null
done
aws ecs wait services-stable --cluster guestbook --services db cache api feed web
id elbv2 describe-load-balancers --names guestbook --query 'LoadBalancers[0].DNSName'
