import type { Listener, LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { useListener } from "../../live/elbQueries.ts";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { AttributesTab } from "./AttributesTab.tsx";
import { CertificatesTab } from "./CertificatesTab.tsx";
import { ElbTagsTab } from "./ElbTagsTab.tsx";
import { DeleteListener, listenerName } from "./ListenersTab.tsx";
import { RulesTable } from "./RulesTable.tsx";
import { Actions } from "./ruleText.tsx";

/** A listener with its rules, certificates, attributes and tags. */
export default function ListenerPage() {
  const text = useText();
  const { balancer: name = "", port = "", tab } = useParams();
  const navigate = useNavigate();
  const query = useListener(name, port);
  const [deleting, setDeleting] = useState(false);
  const title = query.data ? listenerName(query.data.listener) : port;
  return (
    <PageLayout title={`${name} ${title}`} breadcrumbs={useListenerCrumbs(name, title)}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button href={href(paths.editListener(name, port))} disabled={!query.data}>{text.rules.edit}</Button>
              <Button disabled={!query.data} onClick={() => { setDeleting(true); }}>{text.rules.delete.open}</Button>
            </SpaceBetween>
          }
        >
          {title}
        </Header>
        <QueryContent query={query}>
          {({ balancer, listener }) => (
            <SpaceBetween size="l">
              <Overview name={name} listener={listener} />
              <ListenerTabs balancer={balancer} listener={listener} active={tab} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting && query.data ? (
        <DeleteListener listener={query.data.listener} onClose={() => { setDeleting(false); }} onDone={() => { void navigate(paths.loadBalancer(name)); }} />
      ) : null}
    </PageLayout>
  );
}

/** Load balancers, the load balancer, and `page`. */
export function useListenerCrumbs(balancer: string, page: string) {
  const text = useText().loadBalancers;
  return [{ text: text.title, path: paths.loadBalancers }, { text: balancer, path: paths.loadBalancer(balancer) }, { text: page }];
}

function Overview({ name, listener }: { name: string; listener: Listener }) {
  const text = useText();
  const words = text.rules;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Properties
        items={[
          { label: words.protocolPort, value: listenerName(listener) },
          { label: words.loadBalancer, value: <Link href={href(paths.loadBalancer(name))}>{name}</Link> },
          { label: words.defaultAction, value: <Actions actions={listener.DefaultActions} /> },
          { label: text.loadBalancers.arn, value: <CopyableValue value={listener.ListenerArn} /> },
          listener.SslPolicy ? { label: words.policy, value: listener.SslPolicy } : null,
          listener.SslPolicy ? { label: words.certificate, value: <CopyableValue value={nameOf(listener.Certificates?.[0]?.CertificateArn)} /> } : null,
        ]}
      />
    </Container>
  );
}

function ListenerTabs({ balancer, listener, active }: { balancer: LoadBalancer; listener: Listener; active: string | undefined }) {
  const text = useText().rules.tabs;
  const { LoadBalancerName: name = "" } = balancer;
  const { ListenerArn: arn = "", Port: port = 0 } = listener;
  const tabs = [
    { id: "rules", label: text.rules, content: <RulesTable balancer={balancer} listener={listener} /> },
    ...(listener.SslPolicy ? [{ id: "certificates", label: text.certificates, content: <CertificatesTab listener={arn} /> }] : []),
    { id: "attributes", label: text.attributes, content: <AttributesTab owner="listener" arn={arn} /> },
    { id: "tags", label: text.tags, content: <ElbTagsTab arn={arn} /> },
  ];
  return <PathTabs label={listenerName(listener)} tabs={tabs} active={active} path={(id) => paths.listener(name, port, id)} />;
}
