import FormField from "@cloudscape-design/components/form-field";
import { nameOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { useCertificates } from "../../live/elbQueries.ts";
import { Select } from "../../parts/choices.tsx";

export interface CertificateFieldProps {
  readonly label: string;
  readonly arn: string;
  readonly onChange: (arn: string) => void;
  readonly errorText?: string;
}

/** A choice among the certificates of Certificate Manager. */
export function CertificateField({ label, arn, onChange, errorText = "" }: CertificateFieldProps) {
  const text = useText().rules.form;
  const query = useCertificates();
  const options = (query.data ?? []).map(({ CertificateArn = "", DomainName }) => ({ value: CertificateArn, label: DomainName ?? nameOf(CertificateArn), description: nameOf(CertificateArn) }));
  return (
    <FormField label={label} errorText={errorText}>
      <Select
        optionsFrom={query}
        selectedOption={arn === "" ? null : (options.find(({ value }) => value === arn) ?? { value: arn, label: nameOf(arn) })}
        options={options}
        placeholder={text.chooseCertificate}
        empty={text.noCertificates}
        onChange={({ detail }) => { onChange(detail.selectedOption.value ?? ""); }}
      />
    </FormField>
  );
}
