import type { DeploymentStrategy } from "@aws-sdk/client-ecs";
import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { useText } from "../../../i18n/useText.ts";
import type { ServiceFieldsProps } from "./fieldsProps.ts";

const STRATEGIES: readonly DeploymentStrategy[] = ["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"];
type NumberField = "minimum" | "maximum" | "bake" | "percent" | "stepBake";

/** The deployment strategy, and when a deployment is rolled back. */
export function DeploymentFields({ draft, change, errors }: ServiceFieldsProps) {
  const text = useText().services;
  const words = text.form;
  return (
    <Container header={<Header variant="h2">{words.deployment}</Header>}>
      <SpaceBetween size="l">
        <FormField label={text.strategy} stretch>
          <Tiles
            columns={4}
            value={draft.strategy}
            onChange={({ detail }) => { change({ strategy: STRATEGIES.find((one) => one === detail.value) ?? "ROLLING" }); }}
            items={STRATEGIES.map((value) => ({ value, label: text.strategies[value], description: words.strategyDetail[value] }))}
          />
        </FormField>
        <ColumnLayout columns={4}>
          {numberFields(draft.strategy).map((name) => (
            <FormField key={name} label={words.numbers[name]} errorText={errors[name]}>
              <Input type="number" inputMode="numeric" value={draft[name]} onChange={({ detail }) => { change({ [name]: detail.value }); }} />
            </FormField>
          ))}
        </ColumnLayout>
        <Checkbox checked={draft.breaker} description={words.breakerDetail} onChange={({ detail }) => { change({ breaker: detail.checked }); }}>
          {words.breaker}
        </Checkbox>
        <Checkbox checked={draft.rollback} disabled={!draft.breaker} onChange={({ detail }) => { change({ rollback: detail.checked }); }}>
          {words.rollback}
        </Checkbox>
      </SpaceBetween>
    </Container>
  );
}

function numberFields(strategy: DeploymentStrategy): readonly NumberField[] {
  const limits = ["minimum", "maximum"] as const;
  if (strategy === "ROLLING") return limits;
  return strategy === "BLUE_GREEN" ? [...limits, "bake"] : ["percent", "stepBake", "bake", "minimum"];
}
