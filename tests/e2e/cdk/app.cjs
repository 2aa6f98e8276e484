// A small application with what CDK asks of an account: a network, a service behind a load balancer, a role, a file
// and an image of its own. Its packages are those of examples/shop/cdk.
"use strict";

const path = require("node:path");
const { App, Stack } = require("aws-cdk-lib");
const ec2 = require("aws-cdk-lib/aws-ec2");
const ecs = require("aws-cdk-lib/aws-ecs");
const patterns = require("aws-cdk-lib/aws-ecs-patterns");
const iam = require("aws-cdk-lib/aws-iam");
const { Asset } = require("aws-cdk-lib/aws-s3-assets");

const stack = new Stack(new App(), "Hello");
const cluster = new ecs.Cluster(stack, "Cluster", { vpc: new ec2.Vpc(stack, "Vpc", { maxAzs: 2, natGateways: 0 }) });
const settings = new Asset(stack, "Settings", { path: path.join(__dirname, "settings.json") });
const taskRole = new iam.Role(stack, "TaskRole", { assumedBy: new iam.ServicePrincipal("ecs-tasks.amazonaws.com") });
settings.grantRead(taskRole);
const site = new patterns.ApplicationLoadBalancedFargateService(stack, "Site", {
  cluster,
  desiredCount: 1,
  minHealthyPercent: 100,
  assignPublicIp: true,
  circuitBreaker: { rollback: true },
  taskImageOptions: {
    image: ecs.ContainerImage.fromAsset(path.join(__dirname, "site")),
    taskRole,
    containerPort: 8080,
    command: ["sh", "-c", 'echo "$TEXT" > /srv/site/text && cd /srv/site && exec python3 -m http.server 8080'],
    environment: { SETTINGS: settings.s3ObjectUrl, TEXT: process.env.TEXT },
  },
});
site.targetGroup.configureHealthCheck({ path: "/index.html" });
