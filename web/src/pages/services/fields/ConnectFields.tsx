import Alert from "@cloudscape-design/components/alert";
import Autosuggest from "@cloudscape-design/components/autosuggest";
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
import { useCluster, useNamespaces } from "../../../live/readings.ts";
import type { Draft, Offer } from "../draft.ts";
import type { FieldsProps } from "../ServiceForm.tsx";

const SIDES: readonly Draft["connect"][] = ["off", "client", "server"];

/** By which names others find the service, and in which namespace its tasks look for others. */
export function ConnectFields({ draft, change, cluster }: FieldsProps & { cluster: string }) {
  const text = useText();
  const words = text.services.form;
  const namespaces = useNamespaces().data ?? [];
  const standard = useCluster(cluster).data?.serviceConnectDefaults?.namespace;
  const setOffer = (changed: Offer) => { change({ offers: draft.offers.map((one) => (one.portName === changed.portName ? changed : one)) }); };
  return (
    <Container header={<Header variant="h2" description={words.connectDetail}>{text.services.connectTab.title}</Header>}>
      <SpaceBetween size="l">
        <RadioGroup
          ariaLabel={text.services.connectTab.title}
          value={draft.connect}
          onChange={({ detail }) => { change({ connect: SIDES.find((side) => side === detail.value) ?? "off" }); }}
          items={SIDES.map((value) => ({ value, label: words.sides[value], description: words.sidesDetail[value] }))}
        />
        {draft.connect === "off" ? null : (
          <FormField
            label={<>{text.services.connectTab.namespace} <i>– {text.parts.form.optional}</i></>}
            description={standard ? words.standardNamespace(namespaceName(namespaces, standard)) : words.noStandardNamespace}
          >
            <Autosuggest
              value={draft.namespace}
              enteredTextLabel={(entered) => text.clusters.form.useName(entered)}
              options={namespaces.map((one) => ({ value: one.Name ?? "" }))}
              placeholder={standard ? namespaceName(namespaces, standard) : ""}
              onChange={({ detail }) => { change({ namespace: detail.value }); }}
            />
          </FormField>
        )}
        {draft.connect !== "server" ? null : (
          <SpaceBetween size="m">
            {draft.offers.length === 0 ? <Alert type="info">{words.noPorts}</Alert> : null}
            {draft.offers.map((offer) => <OfferFields key={offer.portName} offer={offer} change={setOffer} />)}
          </SpaceBetween>
        )}
      </SpaceBetween>
    </Container>
  );
}

function OfferFields({ offer, change }: { offer: Offer; change: (offer: Offer) => void }) {
  const text = useText().services;
  return (
    <SpaceBetween size="xs">
      <Checkbox checked={offer.on} onChange={({ detail }) => { change({ ...offer, on: detail.checked }); }}>
        {text.form.offer(offer.portName)}
      </Checkbox>
      {offer.on ? (
        <ColumnLayout columns={3}>
          <FormField label={text.connectTab.discoveryName} constraintText={text.form.discoveryNameDetail}>
            <Input value={offer.discoveryName} placeholder={offer.portName} onChange={({ detail }) => { change({ ...offer, discoveryName: detail.value }); }} />
          </FormField>
          <FormField label={text.form.dnsName} constraintText={text.form.dnsNameDetail}>
            <Input value={offer.dnsName} onChange={({ detail }) => { change({ ...offer, dnsName: detail.value }); }} />
          </FormField>
          <FormField label={text.form.port}>
            <Input type="number" inputMode="numeric" value={offer.port} onChange={({ detail }) => { change({ ...offer, port: detail.value }); }} />
          </FormField>
        </ColumnLayout>
      ) : null}
    </SpaceBetween>
  );
}
