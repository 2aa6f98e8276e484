// Values derived from an Express service.

import type { ECSExpressGatewayService, ExpressGatewayServiceConfiguration } from "@aws-sdk/client-ecs";
import type { PublicGateway } from "../../aws/publicGateway.ts";
import { withPort } from "../services/managedUrl.ts";

/** The newest configuration. */
export function configurationOf(service: ECSExpressGatewayService): ExpressGatewayServiceConfiguration {
  return service.activeConfigurations?.[0] ?? {};
}

/** The URLs at which a browser reaches the service: a public one has the port of the server that answers to such names. */
export function applicationUrls(service: ECSExpressGatewayService, gateway: PublicGateway | undefined): string[] {
  const paths = configurationOf(service).ingressPaths ?? [];
  return paths.flatMap(({ endpoint, accessType }) => (endpoint === undefined ? [] : [accessType === "PUBLIC" ? withPort(endpoint, gateway?.httpsPort) : endpoint]));
}
