#!/bin/sh
# Lays the shop out on App Mesh: a mesh, names in Cloud Map, and an ECS service for each virtual node.
set -eu
cd "$(dirname "$0")"

vpc=$(aws ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId' --output text)
subnets=$(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" --query 'Subnets[].SubnetId | join(`,`, @)' --output text)
operation=$(aws servicediscovery create-private-dns-namespace --name shop.local --vpc "$vpc" --query OperationId --output text)
namespace=None
while [ "$namespace" = None ]; do
  namespace=$(aws servicediscovery get-operation --operation-id "$operation" --query 'Operation.Targets.NAMESPACE' --output text)
done
aws ecs create-cluster --cluster-name mesh --query 'cluster.clusterName' --output text

aws appmesh create-mesh --cli-input-json file://mesh/mesh.json --query 'mesh.meshName' --output text
for name in front catalog pricing stock; do
  aws appmesh create-virtual-node --cli-input-json "file://mesh/virtual-node.$name.json" --query 'virtualNode.virtualNodeName' --output text
done
aws appmesh create-virtual-router --cli-input-json file://mesh/virtual-router.catalog.json --query 'virtualRouter.virtualRouterName' --output text
aws appmesh create-route --cli-input-json file://mesh/route.catalog.json --query 'route.routeName' --output text
for name in front catalog pricing stock; do
  aws appmesh create-virtual-service --cli-input-json "file://mesh/virtual-service.$name.json" --query 'virtualService.virtualServiceName' --output text
done

for name in pricing stock catalog front; do
  registry=$(aws servicediscovery create-service --name "$name" --namespace-id "$namespace" --query 'Service.Arn' --output text \
    --dns-config 'DnsRecords=[{Type=A,TTL=5}]' --health-check-custom-config FailureThreshold=1)
  aws ecs register-task-definition --cli-input-json "file://task-definitions/$name.json" --query 'taskDefinition.family' --output text
  aws ecs create-service --cluster mesh --service-name "$name" --task-definition "mesh-$name" --launch-type FARGATE \
    --desired-count 2 --service-registries "registryArn=$registry" --query 'service.serviceName' --output text \
    --network-configuration "awsvpcConfiguration={subnets=[$subnets],assignPublicIp=ENABLED}"
done
