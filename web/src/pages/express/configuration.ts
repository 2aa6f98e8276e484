// Values derived from an Express service.

import type { ECSExpressGatewayService, ExpressGatewayServiceConfiguration } from "@aws-sdk/client-ecs";

/** The newest configuration. */
export function configurationOf(service: ECSExpressGatewayService): ExpressGatewayServiceConfiguration {
  return service.activeConfigurations?.[0] ?? {};
}

/** The URLs of the service, each with its access type: public or private. */
export function ingressPathsOf(service: ECSExpressGatewayService) {
  const paths = configurationOf(service).ingressPaths ?? [];
  return paths.flatMap(({ endpoint, accessType }) => (endpoint === undefined ? [] : [{ endpoint, accessType }]));
}
