// Cloud Map with the AWS SDK for JavaScript: everything an application would do, in one go. Prints what it found as JSON.
// node cloudmap.mjs ENDPOINT

import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand,
  DeleteNamespaceCommand,
  DeleteServiceCommand,
  DeregisterInstanceCommand,
  DiscoverInstancesCommand,
  GetOperationCommand,
  ListInstancesCommand,
  NamespaceNotFound,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
  UpdateInstanceCustomHealthStatusCommand,
} from "@aws-sdk/client-servicediscovery"

const client = new ServiceDiscoveryClient({
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  disableHostPrefix: true,
})
const send = (command) => client.send(command)

async function done({ OperationId }) {
  for (;;) {
    const { Operation } = await send(new GetOperationCommand({ OperationId }))
    if (Operation.Status === "SUCCESS") return Operation.Targets
    if (Operation.Status === "FAIL") throw new Error(Operation.ErrorMessage)
  }
}

const Name = "javascript"
const { NAMESPACE } = await done(await send(new CreateHttpNamespaceCommand({ Name })))
const { Service } = await send(
  new CreateServiceCommand({ Name: "db", NamespaceId: NAMESPACE, HealthCheckCustomConfig: { FailureThreshold: 1 } }),
)
for (const [InstanceId, role] of [["one", "primary"], ["two", "replica"]]) {
  const Attributes = { AWS_INSTANCE_IPV4: "172.31.0.99", AWS_INSTANCE_PORT: "5432", role }
  await done(await send(new RegisterInstanceCommand({ ServiceId: Service.Id, InstanceId, Attributes })))
}
await send(
  new UpdateInstanceCustomHealthStatusCommand({ ServiceId: Service.Id, InstanceId: "two", Status: "UNHEALTHY" }),
)
const discover = (more) => send(new DiscoverInstancesCommand({ NamespaceName: Name, ServiceName: "db", ...more }))
const ids = ({ Instances }) => Instances.map((instance) => instance.InstanceId)
const found = {
  healthy: ids(await discover({})),
  all: ids(await discover({ HealthStatus: "ALL" })),
  replicas: ids(await discover({ HealthStatus: "ALL", QueryParameters: { role: "replica" } })),
  listed: (await send(new ListInstancesCommand({ ServiceId: Service.Id }))).Instances.map((one) => one.Id),
  created: Service.CreateDate instanceof Date,
}
for (const InstanceId of ["one", "two"]) {
  await done(await send(new DeregisterInstanceCommand({ ServiceId: Service.Id, InstanceId })))
}
await send(new DeleteServiceCommand({ Id: Service.Id }))
await done(await send(new DeleteNamespaceCommand({ Id: NAMESPACE })))
found.gone = await discover({}).catch((error) => error instanceof NamespaceNotFound && error.name)
console.log(JSON.stringify(found))
