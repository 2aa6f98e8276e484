import type { Output, Parameter, Stack } from "@aws-sdk/client-cloudformation";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Table from "@cloudscape-design/components/table";
import { useText } from "../../i18n/useText.ts";

/** The outputs of a stack. A URL among them is a link. */
export function OutputsTab({ stack }: { stack: Stack }) {
  const text = useText();
  const words = text.stacks;
  return (
    <Table<Output>
      items={stack.Outputs ?? []}
      trackBy="OutputKey"
      wrapLines
      empty={words.noOutputs}
      header={<Header variant="h2">{words.outputs}</Header>}
      columnDefinitions={[
        { id: "key", header: words.key, cell: ({ OutputKey }) => OutputKey, isRowHeader: true },
        { id: "value", header: words.value, cell: ({ OutputValue = "" }) => <Value text={OutputValue} newTab={text.parts.newTab} /> },
        { id: "description", header: words.description, cell: ({ Description = "" }) => Description },
        { id: "export", header: words.exportName, cell: ({ ExportName = "" }) => ExportName },
      ]}
    />
  );
}

function Value({ text, newTab }: { text: string; newTab: string }) {
  return /^https?:\/\//.test(text) ? <Link external href={text} externalIconAriaLabel={newTab}>{text}</Link> : text;
}

/** The parameters of a stack. The API masks the values of NoEcho parameters. */
export function ParametersTab({ stack }: { stack: Stack }) {
  const words = useText().stacks;
  return (
    <Table<Parameter>
      items={stack.Parameters ?? []}
      trackBy="ParameterKey"
      wrapLines
      empty={words.noParameters}
      header={<Header variant="h2">{words.parameters}</Header>}
      columnDefinitions={[
        { id: "key", header: words.key, cell: ({ ParameterKey }) => ParameterKey, isRowHeader: true },
        { id: "value", header: words.value, cell: ({ ParameterValue = "" }) => ParameterValue },
        { id: "resolved", header: words.resolved, cell: ({ ResolvedValue = "" }) => ResolvedValue },
      ]}
    />
  );
}
