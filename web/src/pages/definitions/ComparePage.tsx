import Alert from "@cloudscape-design/components/alert";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useAllRevisions, useRevision } from "../../live/queries.ts";
import { Select } from "../../parts/choices.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { DiffView } from "./DiffView.tsx";
import { registrationJson } from "./registrationJson.ts";

/** Compares two revisions of a family line by line. The URL has the revisions. */
export default function ComparePage() {
  const text = useText().definitions;
  const { family = "" } = useParams();
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const from = params.get("from") ?? "1";
  const to = params.get("to") ?? "1";
  const title = text.comparing.title(family);
  const crumbs = [{ text: text.title, path: paths.taskDefinitions }, { text: family, path: paths.taskDefinition(family) }, { text: text.compare }];
  const compare = (left: string, right: string) => { void navigate(paths.compareRevisions(family, left, right), { replace: true }); };
  return (
    <PageLayout title={title} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header variant="h1">{title}</Header>
        <Container>
          <SpaceBetween size="l">
            <ColumnLayout columns={2}>
              <RevisionSelect family={family} label={text.comparing.from} value={from} onChange={(left) => { compare(left, to); }} />
              <RevisionSelect family={family} label={text.comparing.to} value={to} onChange={(right) => { compare(from, right); }} />
            </ColumnLayout>
            <RevisionDiff family={family} from={from} to={to} />
          </SpaceBetween>
        </Container>
      </SpaceBetween>
    </PageLayout>
  );
}

function RevisionSelect({ family, label, value, onChange }: { family: string; label: string; value: string; onChange: (revision: string) => void }) {
  const revisions = useAllRevisions(family);
  return (
    <FormField label={label}>
      <Select
        optionsFrom={revisions}
        selectedOption={{ value, label: value }}
        options={(revisions.data ?? []).map(({ revision }) => ({ value: String(revision), label: String(revision) }))}
        onChange={({ detail }) => { onChange(detail.selectedOption.value ?? value); }}
      />
    </FormField>
  );
}

function RevisionDiff({ family, from, to }: { family: string; from: string; to: string }) {
  const text = useText().definitions.comparing;
  const before = useRevision(family, from);
  const after = useRevision(family, to);
  return (
    <QueryContent query={before}>
      {(left) => (
        <QueryContent query={after}>
          {(right) => {
            const [leftJson, rightJson] = [registrationJson(left), registrationJson(right)];
            if (leftJson === rightJson) return <Alert type="info">{text.same}</Alert>;
            return <DiffView left={leftJson} right={rightJson} names={[`${family}:${from}`, `${family}:${to}`]} />;
          }}
        </QueryContent>
      )}
    </QueryContent>
  );
}
