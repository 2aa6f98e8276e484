import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../i18n/useText.ts";
import { PageLayout } from "./PageLayout.tsx";
import { href } from "./links.tsx";
import { paths } from "./paths.ts";

export function NotFound() {
  const text = useText().app.notFound;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]}>
      <SpaceBetween size="m">
        <Header variant="h1">{text.title}</Header>
        <Alert type="warning" action={<Button href={href(paths.clusters)}>{text.home}</Button>}>{text.detail}</Alert>
      </SpaceBetween>
    </PageLayout>
  );
}
