import Box from "@cloudscape-design/components/box";
import { toApiError } from "../../aws/apiError.ts";
import { useText } from "../../i18n/useText.ts";
import { usePublicGateway } from "../../live/queries.ts";
import { CopyableUrl } from "../../parts/Properties.tsx";
import { withPort } from "./managedUrl.ts";

/** A URL that ECS manages. A public URL contains the server's port, so it is a link only when that port is known. */
export function PublicUrl({ url, isPublic }: { url: string; isPublic: boolean }) {
  const text = useText().app;
  const gateway = usePublicGateway();
  if (!isPublic) return <CopyableUrl url={url} />;
  if (gateway.data !== undefined) return <CopyableUrl url={withPort(url, gateway.data.httpsPort)} />;
  if (gateway.status === "failed") return <Box color="text-status-error">{text.failed.title}: {toApiError(gateway.error).message}</Box>;
  return <Box color="text-body-secondary">{text.loading}</Box>;
}
