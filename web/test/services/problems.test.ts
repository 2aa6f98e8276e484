// The problems of a service's form, all at once, and the fields that errors of the API are about.

import { expect, test } from "vitest";
import { endpointsOf, NEW_SERVICE, newService, runTaskInput } from "../../src/pages/services/draft.ts";
import { fieldOf, problemsOf } from "../../src/pages/services/problems.ts";

test("an empty form has all its problems at once, and a filled one none", () => {
  expect(Object.keys(problemsOf({ ...NEW_SERVICE, desired: "x", connect: "client" }, "", "awsvpc", undefined)).sort()).toEqual(["desired", "family", "name", "namespace", "subnets"]);
  expect(problemsOf({ ...NEW_SERVICE, family: "web", subnets: ["subnet-1"] }, "web", "awsvpc", undefined)).toEqual({});
});

test.each([
  ["subnets can not be empty.", "subnets"],
  ["Creation of service was not idempotent.", "name"],
  ["Something else.", undefined],
])("“%s” is about the field %s", (message, field) => {
  expect(fieldOf({ code: "InvalidParameterException", message, status: 400 })).toBe(field);
});

test("a new service is in the default subnets, with Service Connect where there is a namespace", () => {
  const subnets = [{ SubnetId: "subnet-1", DefaultForAz: true }, { SubnetId: "subnet-2", DefaultForAz: false }];
  expect(newService(subnets, "shop")).toMatchObject({ subnets: ["subnet-1"], connect: "server" });
  expect(newService(subnets, undefined)).toMatchObject({ connect: "off" });
  const definition = { containerDefinitions: [{ name: "app", portMappings: [{ name: "http", containerPort: 80 }] }] };
  expect(endpointsOf(definition, [], "web")).toEqual([{ enabled: true, portName: "http", discoveryName: "web", dnsName: "web", port: "80" }]);
});

test("tasks without a service are asked for with a command in place of the container's", () => {
  const definition = { networkMode: "awsvpc" as const, containerDefinitions: [{ name: "app" }] };
  expect(runTaskInput("shop", { ...NEW_SERVICE, family: "job", subnets: ["subnet-1"] }, definition, "sh -c true")).toEqual({
    cluster: "shop",
    taskDefinition: "job",
    enableExecuteCommand: false,
    count: 1,
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: [], assignPublicIp: "DISABLED" } },
    overrides: { containerOverrides: [{ name: "app", command: ["sh", "-c", "true"] }] },
  });
});
