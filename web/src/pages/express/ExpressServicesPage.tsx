import type { ECSExpressGatewayService } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { readExpressServices } from "../../aws/expressServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { ApplicationUrls } from "./ApplicationUrls.tsx";
import { configurationOf } from "./configuration.ts";

/** The Express services of all clusters. */
export default function ExpressServicesPage() {
  const text = useText().express;
  const target = useTarget();
  const topics = [{ kind: "express-service" }, { kind: "service" }];
  const query = useLive(["express-services"], topics, (signal) => readExpressServices(target, signal));
  const create = <Button variant="primary" href={href(paths.createExpressService)}>{text.create}</Button>;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={query}
        id={({ serviceArn = "" }) => serviceArn}
        title={text.title}
        description={text.description}
        filter={text.find}
        columns={useColumns()}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
      />
    </PageLayout>
  );
}

function useColumns(): TableProps.ColumnDefinition<ECSExpressGatewayService>[] {
  const text = useText().express;
  return [
    {
      id: "name",
      header: text.name,
      cell: ({ cluster = "", serviceName = "" }) => <Link href={href(paths.expressService(nameOf(cluster), serviceName))}>{serviceName}</Link>,
      sortingField: "serviceName",
      isRowHeader: true,
    },
    { id: "status", header: text.status, cell: ({ status }) => <Status status={status?.statusCode} /> },
    { id: "url", header: text.url, cell: (service) => <ApplicationUrls service={service} />, minWidth: 260 },
    { id: "image", header: text.image, cell: (service) => configurationOf(service).primaryContainer?.image },
    { id: "cluster", header: text.cluster, cell: ({ cluster = "" }) => <Link href={href(paths.cluster(nameOf(cluster)))}>{nameOf(cluster)}</Link>, sortingField: "cluster" },
    { id: "updated", header: text.updated, cell: ({ updatedAt }) => <Timestamp date={updatedAt} />, sortingField: "updatedAt" },
  ];
}
