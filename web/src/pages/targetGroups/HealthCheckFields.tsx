import type { ProtocolEnum } from "@aws-sdk/client-elastic-load-balancing-v2";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import { useText } from "../../i18n/useText.ts";
import { Select } from "../../parts/choices.tsx";
import { type HealthCheckDraft, isHttp } from "./healthCheckDraft.ts";

export interface HealthCheckFieldsProps {
  readonly draft: HealthCheckDraft;
  readonly change: (part: Partial<HealthCheckDraft>) => void;
  /** The API's error about a field; empty without one. */
  readonly errorOf: (field: keyof HealthCheckDraft) => string;
  /** Texts in empty fields. */
  readonly placeholder?: Partial<HealthCheckDraft>;
}

const PROTOCOLS: readonly ProtocolEnum[] = ["HTTP", "HTTPS", "TCP"];

export function HealthCheckFields({ draft, change, errorOf, placeholder = {} }: HealthCheckFieldsProps) {
  const text = useText().targetGroups.check;
  const field = (name: Exclude<keyof HealthCheckDraft, "protocol">, label: string, constraintText = "") => (
    <FormField label={label} constraintText={constraintText} errorText={errorOf(name)}>
      <Input value={draft[name]} placeholder={placeholder[name] ?? ""} onChange={({ detail }) => { change({ [name]: detail.value }); }} />
    </FormField>
  );
  return (
    <Container header={<Header variant="h2">{text.title}</Header>}>
      <ColumnLayout columns={2} minColumnWidth={220}>
        <FormField label={text.protocol} errorText={errorOf("protocol")}>
          <Select
            optionsFrom={null}
            selectedOption={{ value: draft.protocol, label: draft.protocol }}
            options={PROTOCOLS.map((value) => ({ value, label: value }))}
            onChange={({ detail }) => { change({ protocol: PROTOCOLS.find((one) => one === detail.selectedOption.value) ?? draft.protocol }); }}
          />
        </FormField>
        {field("port", text.port, text.portDetail)}
        {isHttp(draft.protocol) ? field("path", text.path) : null}
        {isHttp(draft.protocol) ? field("codes", text.codes, text.codesDetail) : null}
        {field("interval", text.inSeconds(text.interval))}
        {field("timeout", text.inSeconds(text.timeout))}
        {field("healthy", text.healthy)}
        {field("unhealthy", text.unhealthy)}
      </ColumnLayout>
    </Container>
  );
}

const FIELDS_OF_WORDS: readonly (readonly [RegExp, keyof HealthCheckDraft])[] = [
  [/unhealthy threshold|unhealthyThreshold/i, "unhealthy"],
  [/healthy threshold|healthyThreshold/i, "healthy"],
  [/timeout/i, "timeout"],
  [/interval/i, "interval"],
  [/path/i, "path"],
  [/code|matcher/i, "codes"],
  [/health check port|healthCheckPort/i, "port"],
  [/health check protocol|healthCheckProtocol/i, "protocol"],
];

/** The field of a health check that a message of the API is about; null where that is unknown. */
export function healthCheckFieldOf(message: string): keyof HealthCheckDraft | null {
  return FIELDS_OF_WORDS.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}
