import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { PageLayout } from "../../app/PageLayout.tsx";
import { useActiveSession } from "../../app/SessionGate.tsx";
import { formatAccountId } from "../../app/session.ts";
import { useText } from "../../i18n/useText.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";

const PAGES = { guide: "docs/guide/README.md", changes: "CHANGELOG.md", parity: "docs/reference/parity.md", coverage: "docs/reference/coverage.md" } as const;

/** The version of the server, what SDKs need to use it, and where its documentation and AWS's are. */
export default function AboutPage() {
  const { about: text, parts } = useText();
  const links = [
    { label: text.health, url: "/_moyai/health" },
    { label: text.ecs, url: text.ecsGuide },
    { label: text.serviceConnect, url: `${text.ecsGuide}service-connect.html` },
  ];
  const { session, scope } = useActiveSession();
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]}>
      <SpaceBetween size="l">
        <Header variant="h1">{text.title}</Header>
        <Container>
          <Properties
            columns={3}
            items={[
              { label: text.version, value: session.version },
              { label: text.account, value: `${formatAccountId(scope.account)} · ${scope.region}` },
              { label: text.endpoint, value: <CopyableValue value={window.location.origin} /> },
            ]}
          />
        </Container>
        <Container header={<Header variant="h2">{text.links}</Header>}>
          <SpaceBetween size="xs">
            {links.map(({ label, url }) => <Link key={url} external href={url} externalIconAriaLabel={parts.newTab}>{label}</Link>)}
          </SpaceBetween>
        </Container>
        <Container header={<Header variant="h2" description={text.source}>{text.documentation}</Header>}>
          <Properties columns={2} items={(["guide", "changes", "parity", "coverage"] as const).map((page) => ({ label: text[page], value: <Box variant="code">{PAGES[page]}</Box> }))} />
        </Container>
      </SpaceBetween>
    </PageLayout>
  );
}
