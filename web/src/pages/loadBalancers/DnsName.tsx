import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { CopyableUrl, CopyableValue } from "../../parts/Properties.tsx";
import { useUrls } from "./useUrls.ts";

/** The DNS name with a copy button; a link that opens the application, if a browser reaches the load balancer. */
export function DnsName({ balancer }: { balancer: LoadBalancer }) {
  const text = useText().loadBalancers;
  const url = useUrls(balancer)?.urls[0];
  return (
    <div style={{ overflowWrap: "anywhere" }}>
      <CopyableValue value={balancer.DNSName} iconOnly={url !== undefined} />
      {url === undefined ? null : <>{" "}<Link external href={url} externalIconAriaLabel={text.openUrl(url)}>{balancer.DNSName}</Link></>}
    </div>
  );
}

/** All URLs of a load balancer, each with a copy button, or the reason why there are none. */
export function Urls({ balancer }: { balancer: LoadBalancer }) {
  const text = useText().loadBalancers;
  const addresses = useUrls(balancer);
  if (addresses === undefined) return null;
  if (addresses.urls.length === 0) return addresses.listeners === 0 ? text.noListenerUrl : text.noUrl;
  return (
    <SpaceBetween size="xxs">
      {addresses.urls.map((url) => (
        <CopyableUrl key={url} url={url} />
      ))}
    </SpaceBetween>
  );
}
