import type { Certificate } from "@aws-sdk/client-elastic-load-balancing-v2";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { addListenerCertificate, removeListenerCertificate } from "../../aws/listeners.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useCertificates, useListenerCertificates } from "../../live/elbQueries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { CertificateField } from "./CertificateField.tsx";

const idOf = (certificate: Certificate) => certificate.CertificateArn ?? "";

/** The certificates of a listener, to which others can be added. */
export function CertificatesTab({ listener }: { listener: string }) {
  const text = useText();
  const words = text.rules.certificates;
  const target = useTarget();
  const query = useListenerCertificates(listener);
  const selection = useSelection(query, idOf);
  const domains = new Map((useCertificates().data ?? []).map(({ CertificateArn, DomainName }) => [CertificateArn, DomainName]));
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Certificate | null>(null);
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={words.title}
        description={words.description}
        unsorted
        selection={{ ...selection, label: (certificate) => nameOf(certificate.CertificateArn) }}
        empty={{ title: words.none }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <SelectionButton item={selection.selected} isEnabled={({ IsDefault }) => !IsDefault} onClick={setRemoving}>{words.remove}</SelectionButton>
            <Button onClick={() => { setAdding(true); }}>{words.add}</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "id", header: words.certificate, cell: (certificate) => nameOf(certificate.CertificateArn), isRowHeader: true },
          { id: "domain", header: words.domain, cell: (certificate) => domains.get(certificate.CertificateArn) ?? text.parts.none },
          { id: "default", header: words.default, cell: (certificate) => (certificate.IsDefault ? words.isDefault : text.parts.none) },
        ]}
      />
      {adding ? <AddCertificate listener={listener} onClose={() => { setAdding(false); }} onDone={query.reload} /> : null}
      {removing ? (
        <ConfirmDialog
          title={words.removeTitle}
          effect={words.removeEffect}
          action={words.remove}
          done={words.removed}
          perform={() => removeListenerCertificate(target, listener, idOf(removing))}
          onClose={() => { setRemoving(null); }}
          onDone={query.reload}
        />
      ) : null}
    </>
  );
}

function AddCertificate({ listener, onClose, onDone }: { listener: string; onClose: () => void; onDone: () => void }) {
  const text = useText().rules.certificates;
  const target = useTarget();
  const [arn, setArn] = useState("");
  return (
    <ConfirmDialog
      title={text.add}
      effect={text.addEffect}
      action={text.add}
      done={text.added}
      disabled={arn === ""}
      perform={() => addListenerCertificate(target, listener, arn)}
      onClose={onClose}
      onDone={onDone}
    >
      <CertificateField label={text.certificate} arn={arn} onChange={setArn} />
    </ConfirmDialog>
  );
}
