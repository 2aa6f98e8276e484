import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { readTemplate } from "../../aws/stacks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { CopyableValue } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";

/** The template of a stack as it was given. JSON on a single line, which CDK and programs send, is shown indented. */
export function TemplateTab({ stack }: { stack: string }) {
  const text = useText().stacks;
  const target = useTarget();
  const query = useLive(["stack-template", stack], [{ kind: "stack" }], (signal) => readTemplate(target, stack, signal));
  return (
    <Container header={<Header variant="h2" actions={<CopyableValue value={query.data} iconOnly />}>{text.template}</Header>}>
      <QueryContent query={query}>
        {(template) => (
          <pre tabIndex={0} aria-label={text.template} style={{ margin: 0, overflow: "auto", maxHeight: "70vh" }}>{readable(template)}</pre>
        )}
      </QueryContent>
    </Container>
  );
}

function readable(template: string): string {
  if (template.includes("\n") || !template.startsWith("{")) return template;
  try {
    return JSON.stringify(JSON.parse(template), null, 2);
  } catch {
    return template; // YAML in braces
  }
}
