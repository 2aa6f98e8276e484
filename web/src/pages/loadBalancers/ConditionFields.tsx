import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useText } from "../../i18n/useText.ts";
import { Select } from "../../parts/choices.tsx";
import { type ConditionDraft, NEW_CONDITION, type RuleField } from "./ruleDraft.ts";
import { CONDITION_FIELDS, isConditionField } from "./ruleText.tsx";

export interface ConditionFieldsProps {
  readonly conditions: readonly ConditionDraft[];
  readonly onChange: (conditions: readonly ConditionDraft[]) => void;
  /** The API's error about a field; empty without one. */
  readonly errorOf: (field: RuleField) => string;
}

const WITH_REGEX: ReadonlySet<string> = new Set(["host-header", "path-pattern", "http-header"]);

/** The conditions of a rule. */
export function ConditionFields({ conditions, onChange, errorOf }: ConditionFieldsProps) {
  const text = useText().rules;
  const error = errorOf("conditions");
  return (
    <Container header={<Header variant="h2" description={text.ruleForm.conditionsDetail}>{text.table.conditions}</Header>}>
      <SpaceBetween size="l">
        {error === "" ? null : <Box color="text-status-error">{error}</Box>}
        {conditions.map((condition, index) => (
          <Condition
            key={index}
            number={index + 1}
            condition={condition}
            errorText={errorOf(condition.field)}
            onChange={(changed) => { onChange(conditions.map((one, position) => (position === index ? changed : one))); }}
            onRemove={() => { onChange(conditions.filter((_, position) => position !== index)); }}
          />
        ))}
        <Button formAction="none" iconName="add-plus" onClick={() => { onChange([...conditions, NEW_CONDITION]); }}>{text.ruleForm.addCondition}</Button>
      </SpaceBetween>
    </Container>
  );
}

interface ConditionProps {
  readonly number: number;
  readonly condition: ConditionDraft;
  readonly errorText: string;
  readonly onChange: (condition: ConditionDraft) => void;
  readonly onRemove: () => void;
}

function Condition({ number, condition, errorText, onChange, onRemove }: ConditionProps) {
  const text = useText().rules;
  const words = text.ruleForm;
  const options = CONDITION_FIELDS.map((value) => ({ value, label: text.fields[value] }));
  const title = words.condition(number);
  return (
    <div role="group" aria-label={title}>
      <SpaceBetween size="s">
        <Header variant="h3" actions={<Button formAction="none" ariaLabel={`${words.removeCondition} ${number}`} onClick={onRemove}>{words.removeCondition}</Button>}>{title}</Header>
        <ColumnLayout columns={2} minColumnWidth={240}>
          <FormField label={words.field}>
            <Select
              optionsFrom={null}
              selectedOption={options.find(({ value }) => value === condition.field) ?? null}
              options={options}
              onChange={({ detail }) => { if (isConditionField(detail.selectedOption.value)) onChange({ ...condition, field: detail.selectedOption.value }); }}
            />
          </FormField>
          {condition.field === "http-header" ? (
            <FormField label={words.headerName}>
              <Input value={condition.header} onChange={({ detail }) => { onChange({ ...condition, header: detail.value }); }} />
            </FormField>
          ) : null}
        </ColumnLayout>
        <ColumnLayout columns={2} minColumnWidth={240}>
          <FormField label={words.values} description={words.valueDetail[condition.field]} constraintText={words.onePerLine} errorText={errorText}>
            <Textarea rows={2} value={condition.values} onChange={({ detail }) => { onChange({ ...condition, values: detail.value }); }} />
          </FormField>
          {WITH_REGEX.has(condition.field) ? (
            <FormField label={words.regexValues} description={words.regexDetail} constraintText={words.onePerLine}>
              <Textarea rows={2} value={condition.regexValues} onChange={({ detail }) => { onChange({ ...condition, regexValues: detail.value }); }} />
            </FormField>
          ) : null}
        </ColumnLayout>
      </SpaceBetween>
    </div>
  );
}
