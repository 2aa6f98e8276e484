import type { ECSExpressGatewayService } from "@aws-sdk/client-ecs";
import { useText } from "../../i18n/useText.ts";
import { PublicUrl } from "../services/PublicUrl.tsx";
import { ingressPathsOf } from "./configuration.ts";

/** The URLs of a service as links with copy buttons. */
export function ApplicationUrls({ service }: { service: ECSExpressGatewayService }) {
  const none = useText().parts.none;
  const urls = ingressPathsOf(service);
  return urls.length === 0 ? none : urls.map(({ endpoint, accessType }) => <PublicUrl key={endpoint} url={endpoint} isPublic={accessType === "PUBLIC"} />);
}
