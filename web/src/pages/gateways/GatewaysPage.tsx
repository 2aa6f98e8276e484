import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { readGateways } from "../../aws/gateways.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { CopyableValue } from "../../parts/Properties.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";

/** All gateways of the account and Region. */
export default function GatewaysPage() {
  const text = useText().gateways;
  const target = useTarget();
  const query = useLive(["gateways"], [{ kind: "gateway" }], (signal) => readGateways(target, signal));
  const create = <Button variant="primary" href={href(paths.createGateway)}>{text.create}</Button>;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={query}
        id={({ gatewayArn = "" }) => gatewayArn}
        title={text.title}
        description={text.description}
        filter={text.find}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
        columns={[
          { id: "name", header: text.name, cell: ({ name = "" }) => <Link href={href(paths.gateway(name))}>{name}</Link>, sortingField: "name", isRowHeader: true },
          { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
          { id: "created", header: text.created, cell: ({ createdAt }) => <Timestamp date={createdAt} />, sortingField: "createdAt" },
          { id: "arn", header: text.arn, cell: ({ gatewayArn }) => <CopyableValue value={gatewayArn} /> },
        ]}
      />
    </PageLayout>
  );
}
