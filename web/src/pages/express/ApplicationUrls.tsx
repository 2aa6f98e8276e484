import type { ECSExpressGatewayService } from "@aws-sdk/client-ecs";
import { useText } from "../../i18n/useText.ts";
import { usePublicGateway } from "../../live/queries.ts";
import { CopyableUrl } from "../../parts/Properties.tsx";
import { applicationUrls } from "./configuration.ts";

/** The URLs of a service as links with copy buttons. */
export function ApplicationUrls({ service }: { service: ECSExpressGatewayService }) {
  const none = useText().parts.none;
  const urls = applicationUrls(service, usePublicGateway().data);
  return urls.length === 0 ? none : urls.map((url) => <CopyableUrl key={url} url={url} />);
}
