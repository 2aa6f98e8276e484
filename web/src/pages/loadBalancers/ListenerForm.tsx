import type { LoadBalancer, ProtocolEnum } from "@aws-sdk/client-elastic-load-balancing-v2";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { paths } from "../../app/paths.ts";
import { formatApiError } from "../../aws/apiError.ts";
import { useText } from "../../i18n/useText.ts";
import { useSslPolicies } from "../../live/elbQueries.ts";
import { Select } from "../../parts/choices.tsx";
import { ResourceForm } from "../../parts/ResourceForm.tsx";
import { ActionFields } from "./ActionFields.tsx";
import { CertificateField } from "./CertificateField.tsx";
import { type ActionDraft, fieldOf, type RuleField } from "./ruleDraft.ts";

export interface ListenerDraft {
  readonly protocol: ProtocolEnum;
  readonly port: string;
  readonly policy: string;
  readonly certificate: string;
  readonly action: ActionDraft;
}

export interface ListenerFormProps {
  readonly balancer: LoadBalancer;
  readonly initial: ListenerDraft;
  readonly editing: boolean;
  readonly save: (draft: ListenerDraft) => Promise<void>;
}

const PROTOCOLS: Readonly<Record<string, readonly ProtocolEnum[]>> = { application: ["HTTP", "HTTPS"], network: ["TCP", "TLS", "UDP", "TCP_UDP"] };
const SHOWN: ReadonlySet<RuleField | null> = new Set(["action", "port", "certificate"] as const);

function isEncrypted(protocol: ProtocolEnum | undefined): boolean {
  return protocol === "HTTPS" || protocol === "TLS";
}

/** The members of CreateListener and ModifyListener that are for TLS. */
export function tlsInput({ protocol, policy, certificate }: ListenerDraft) {
  if (!isEncrypted(protocol)) return {};
  return { ...(policy === "" ? {} : { SslPolicy: policy }), ...(certificate === "" ? {} : { Certificates: [{ CertificateArn: certificate }] }) };
}

export function ListenerForm({ balancer, initial, editing, save }: ListenerFormProps) {
  const text = useText().rules;
  const [draft, setDraft] = useState(initial);
  const change = (part: Partial<ListenerDraft>) => { setDraft((current) => ({ ...current, ...part })); };
  const { LoadBalancerName: name = "" } = balancer;
  const title = `${draft.protocol}:${draft.port}`;
  return (
    <ResourceForm
      title={editing ? text.edit : text.create}
      editing={editing}
      save={() => save(draft)}
      done={editing ? text.form.saved(title) : text.form.created(title)}
      next={paths.listener(name, draft.port)}
      back={editing ? paths.listener(name, initial.port) : paths.loadBalancer(name)}
      isShown={(error) => SHOWN.has(fieldOf(error)) && (fieldOf(error) !== "certificate" || isEncrypted(draft.protocol))}
    >
      {(error) => {
        const errorOf = (field: RuleField) => (error !== null && fieldOf(error) === field ? formatApiError(error) : "");
        return (
          <SpaceBetween size="l">
            <Container header={<Header variant="h2">{text.form.title}</Header>}>
              <ColumnLayout columns={2} minColumnWidth={200}>
                <FormField label={text.protocol}>
                  <Select
                    optionsFrom={null}
                    selectedOption={{ value: draft.protocol, label: draft.protocol }}
                    options={(PROTOCOLS[balancer.Type ?? "application"] ?? []).map((value) => ({ value, label: value }))}
                    onChange={({ detail }) => { change({ protocol: detail.selectedOption.value as ProtocolEnum }); }}
                  />
                </FormField>
                <FormField label={text.port} errorText={errorOf("port")}>
                  <Input type="number" inputMode="numeric" ariaRequired value={draft.port} onChange={({ detail }) => { change({ port: detail.value }); }} />
                </FormField>
              </ColumnLayout>
            </Container>
            {isEncrypted(draft.protocol) ? <SecurityFields draft={draft} change={change} errorText={errorOf("certificate")} /> : null}
            <ActionFields balancer={balancer} action={draft.action} onChange={(action) => { change({ action }); }} errorText={errorOf("action")} />
          </SpaceBetween>
        );
      }}
    </ResourceForm>
  );
}

function SecurityFields({ draft, change, errorText }: { draft: ListenerDraft; change: (part: Partial<ListenerDraft>) => void; errorText: string }) {
  const text = useText().rules;
  const policies = useSslPolicies();
  return (
    <Container header={<Header variant="h2">{text.form.security}</Header>}>
      <ColumnLayout columns={2} minColumnWidth={240}>
        <CertificateField label={text.certificate} arn={draft.certificate} errorText={errorText} onChange={(certificate) => { change({ certificate }); }} />
        <FormField label={text.policy}>
          <Select
            optionsFrom={policies}
            selectedOption={{ value: draft.policy, label: draft.policy }}
            filteringType="auto"
            options={(policies.data ?? []).map((value) => ({ value, label: value }))}
            onChange={({ detail }) => { change({ policy: detail.selectedOption.value ?? "" }); }}
          />
        </FormField>
      </ColumnLayout>
    </Container>
  );
}
