// cdk deploy: the shop, whose image is built from ../Dockerfile and pushed to ECR.
// cdk deploy -c image=NAME: with an image that exists. -c version=2: with a catalog that says so.
"use strict";

const path = require("node:path");
const { App } = require("aws-cdk-lib");
const { ContainerImage } = require("aws-cdk-lib/aws-ecs");
const { ShopStack } = require("./shop.cjs");

const app = new App();
const existing = app.node.tryGetContext("image");
const image = existing
  ? ContainerImage.fromRegistry(existing)
  : ContainerImage.fromAsset(path.join(__dirname, ".."), { exclude: ["cdk", "terraform"] });
new ShopStack(app, "Shop", { image, version: app.node.tryGetContext("version") ?? "1" });
