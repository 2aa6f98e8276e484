import Alert from "@cloudscape-design/components/alert";
import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { namespaceName } from "../../../aws/namespaces.ts";
import { useText } from "../../../i18n/useText.ts";
import { useCluster, useNamespaces } from "../../../live/queries.ts";
import { Autosuggest } from "../../../parts/choices.tsx";
import type { EndpointDraft, ServiceDraft } from "../draft.ts";
import type { ServiceFieldsProps } from "./fieldsProps.ts";

const SIDES: readonly ServiceDraft["connect"][] = ["off", "client", "server"];

/** Service Connect: the namespace, and the endpoints that the service offers. */
export function ConnectFields({ draft, change, cluster, errors }: ServiceFieldsProps & { cluster: string }) {
  const text = useText();
  const words = text.services.form;
  const namespaces = useNamespaces();
  const namespaceList = namespaces.data ?? [];
  const defaultNamespace = useCluster(cluster).data?.serviceConnectDefaults?.namespace;
  const setEndpoint = (changed: EndpointDraft) => {
    change({ endpoints: draft.endpoints.map((endpoint) => (endpoint.portName === changed.portName ? changed : endpoint)) });
  };
  return (
    <Container header={<Header variant="h2" description={words.connectDetail}>{text.services.connectTab.title}</Header>}>
      <SpaceBetween size="l">
        <RadioGroup
          ariaLabel={text.services.connectTab.title}
          value={draft.connect}
          onChange={({ detail }) => { change({ connect: SIDES.find((side) => side === detail.value) ?? "off" }); }}
          items={SIDES.map((value) => ({ value, label: words.connectRoles[value], description: words.connectRoleDetail[value] }))}
        />
        {draft.connect === "off" ? null : (
          <FormField
            label={<>{text.services.connectTab.namespace} <i>– {text.parts.form.optional}</i></>}
            errorText={errors.namespace}
            description={defaultNamespace ? words.defaultNamespace(namespaceName(namespaceList, defaultNamespace)) : words.noDefaultNamespace}
          >
            <Autosuggest
              optionsFrom={namespaces}
              value={draft.namespace}
              enteredTextLabel={(entered) => text.clusters.form.useName(entered)}
              options={namespaceList.map((one) => ({ value: one.Name ?? "" }))}
              placeholder={defaultNamespace ? namespaceName(namespaceList, defaultNamespace) : ""}
              onChange={({ detail }) => { change({ namespace: detail.value }); }}
            />
          </FormField>
        )}
        {draft.connect !== "server" ? null : (
          <SpaceBetween size="m">
            {errors.endpoints === undefined ? null : <Alert type="error">{errors.endpoints}</Alert>}
            {draft.endpoints.length === 0 ? <Alert type="info">{words.noPorts}</Alert> : null}
            {draft.endpoints.map((endpoint) => <EndpointFields key={endpoint.portName} endpoint={endpoint} change={setEndpoint} />)}
          </SpaceBetween>
        )}
      </SpaceBetween>
    </Container>
  );
}

function EndpointFields({ endpoint, change }: { endpoint: EndpointDraft; change: (endpoint: EndpointDraft) => void }) {
  const text = useText().services;
  return (
    <SpaceBetween size="xs">
      <Checkbox checked={endpoint.enabled} onChange={({ detail }) => { change({ ...endpoint, enabled: detail.checked }); }}>
        {text.form.offer(endpoint.portName)}
      </Checkbox>
      {endpoint.enabled ? (
        <ColumnLayout columns={3}>
          <FormField label={text.connectTab.discoveryName} constraintText={text.form.discoveryNameDetail}>
            <Input value={endpoint.discoveryName} placeholder={endpoint.portName} onChange={({ detail }) => { change({ ...endpoint, discoveryName: detail.value }); }} />
          </FormField>
          <FormField label={text.form.dnsName} constraintText={text.form.dnsNameDetail}>
            <Input value={endpoint.dnsName} onChange={({ detail }) => { change({ ...endpoint, dnsName: detail.value }); }} />
          </FormField>
          <FormField label={text.form.port}>
            <Input type="number" inputMode="numeric" value={endpoint.port} onChange={({ detail }) => { change({ ...endpoint, port: detail.value }); }} />
          </FormField>
        </ColumnLayout>
      ) : null}
    </SpaceBetween>
  );
}
