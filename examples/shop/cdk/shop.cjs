// The shop in one stack: a VPC, a load balancer before the service front, and four services that call each other by
// the names of Service Connect.
"use strict";

const { CfnOutput, Duration, RemovalPolicy, Stack } = require("aws-cdk-lib");
const ec2 = require("aws-cdk-lib/aws-ec2");
const ecs = require("aws-cdk-lib/aws-ecs");
const elb = require("aws-cdk-lib/aws-elasticloadbalancingv2");
const logs = require("aws-cdk-lib/aws-logs");

/** What runs, in the order of creation: a service can call the names that exist when it is deployed. */
const SERVICES = [
  { name: "stock", portName: "lines", port: 7000, aliasPort: 7000, count: 2 },
  { name: "pricing", portName: "quotes", port: 50051, aliasPort: 50051, protocol: ecs.AppProtocol.grpc, count: 2 },
  {
    name: "catalog",
    portName: "http",
    port: 8080,
    aliasPort: 80,
    protocol: ecs.AppProtocol.http,
    count: 2,
    calls: ["stock", "pricing"],
    environment: { PRICING: "pricing:50051", STOCK: "stock:7000" },
  },
  {
    name: "front",
    portName: "web",
    port: 8080,
    aliasPort: 80,
    protocol: ecs.AppProtocol.http,
    count: 1,
    calls: ["catalog"],
    environment: { CATALOG: "catalog:80" },
  },
];

class ShopStack extends Stack {
  /** `image`: what all services run; `version`: what the catalog answers with. */
  constructor(scope, id, { image, version, ...props }) {
    super(scope, id, props);
    this.image = image;
    this.vpc = new ec2.Vpc(this, "Vpc", { maxAzs: 2, natGateways: 0 });
    this.cluster = new ecs.Cluster(this, "Cluster", {
      vpc: this.vpc,
      defaultCloudMapNamespace: { name: "shop", useForServiceConnect: true },
    });
    this.logGroup = new logs.LogGroup(this, "Logs", {
      retention: logs.RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.group = new ec2.SecurityGroup(this, "Services", { vpc: this.vpc });
    this.group.connections.allowInternally(ec2.Port.allTcp());
    const services = {};
    for (const wanted of SERVICES) {
      const environment = wanted.name === "catalog" ? { ...wanted.environment, VERSION: version } : wanted.environment;
      const service = this.addService({ ...wanted, environment });
      service.node.addDependency(...(wanted.calls ?? []).map((name) => services[name]));
      services[wanted.name] = service;
    }
    this.addLoadBalancer(services.front);
  }

  addService({ name, portName, port, aliasPort, protocol, count, environment }) {
    const definition = new ecs.FargateTaskDefinition(this, `${name}-definition`, { cpu: 256, memoryLimitMiB: 512 });
    definition.addContainer(name, {
      image: this.image,
      command: ["python3", `/srv/shop/${name}.py`],
      environment,
      portMappings: [{ name: portName, containerPort: port, appProtocol: protocol }],
      healthCheck: {
        command: ["CMD", "python3", "-S", "/srv/shop/check.py", `${port}`],
        interval: Duration.seconds(5),
        startPeriod: Duration.seconds(10),
      },
      stopTimeout: Duration.seconds(10),
      logging: ecs.LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: "shop" }),
    });
    return new ecs.FargateService(this, name, {
      cluster: this.cluster,
      taskDefinition: definition,
      desiredCount: count,
      minHealthyPercent: 100,
      assignPublicIp: true,
      securityGroups: [this.group],
      circuitBreaker: { rollback: true },
      enableExecuteCommand: true,
      serviceConnectConfiguration: {
        services: [{ portMappingName: portName, discoveryName: name, dnsName: name, port: aliasPort }],
      },
    });
  }

  addLoadBalancer(front) {
    const balancer = new elb.ApplicationLoadBalancer(this, "Balancer", { vpc: this.vpc, internetFacing: true });
    balancer.addListener("Http", { port: 80 }).addTargets("Front", {
      port: 8080,
      protocol: elb.ApplicationProtocol.HTTP,
      targets: [front],
      healthCheck: { path: "/health", interval: Duration.seconds(5), timeout: Duration.seconds(2) },
      deregistrationDelay: Duration.seconds(10),
    });
    new CfnOutput(this, "Url", { value: `http://${balancer.loadBalancerDnsName}/items/1` });
  }
}

module.exports = { ShopStack };
