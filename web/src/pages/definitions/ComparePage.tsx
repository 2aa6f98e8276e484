import Alert from "@cloudscape-design/components/alert";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useAllRevisions, useRevision } from "../../live/readings.ts";
import { Shown } from "../../parts/Shown.tsx";
import { Difference } from "./Difference.tsx";
import { registerable } from "./registerable.ts";

/** Two revisions of a family, line by line; which, the address says. */
export default function ComparePage() {
  const text = useText().definitions;
  const { family = "" } = useParams();
  const [asked] = useSearchParams();
  const navigate = useNavigate();
  const from = asked.get("from") ?? "1";
  const to = asked.get("to") ?? "1";
  const title = text.comparing.title(family);
  const crumbs = [{ text: text.title, path: paths.taskDefinitions }, { text: family, path: paths.taskDefinition(family) }, { text: text.compare }];
  const open = (left: string, right: string) => { void navigate(paths.compareRevisions(family, left, right), { replace: true }); };
  return (
    <Frame title={title} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header variant="h1">{title}</Header>
        <Container>
          <SpaceBetween size="l">
            <ColumnLayout columns={2}>
              <Choice family={family} label={text.comparing.from} value={from} onChange={(left) => { open(left, to); }} />
              <Choice family={family} label={text.comparing.to} value={to} onChange={(right) => { open(from, right); }} />
            </ColumnLayout>
            <Both family={family} from={from} to={to} />
          </SpaceBetween>
        </Container>
      </SpaceBetween>
    </Frame>
  );
}

function Choice({ family, label, value, onChange }: { family: string; label: string; value: string; onChange: (revision: string) => void }) {
  const revisions = useAllRevisions(family).data ?? [];
  return (
    <FormField label={label}>
      <Select
        selectedOption={{ value, label: value }}
        options={revisions.map(({ revision }) => ({ value: String(revision), label: String(revision) }))}
        onChange={({ detail }) => { onChange(detail.selectedOption.value ?? value); }}
      />
    </FormField>
  );
}

function Both({ family, from, to }: { family: string; from: string; to: string }) {
  const text = useText().definitions.comparing;
  const before = useRevision(family, from);
  const after = useRevision(family, to);
  return (
    <Shown found={before}>
      {(left) => (
        <Shown found={after}>
          {(right) => {
            const [old, now] = [registerable(left), registerable(right)];
            if (old === now) return <Alert type="info">{text.same}</Alert>;
            return <Difference left={old} right={now} names={[`${family}:${from}`, `${family}:${to}`]} />;
          }}
        </Shown>
      )}
    </Shown>
  );
}
