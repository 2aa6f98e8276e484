import type { Listener, LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { deleteListener } from "../../aws/listeners.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useListeners } from "../../live/elbQueries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { Actions } from "./ruleText.tsx";

const idOf = (listener: Listener) => listener.ListenerArn ?? "";

/** `HTTP:80` */
export function listenerName({ Protocol = "HTTP", Port = 0 }: Listener): string {
  return `${Protocol}:${Port}`;
}

/** The listeners of a load balancer with their certificates and default actions. */
export function ListenersTab({ balancer }: { balancer: LoadBalancer }) {
  const text = useText();
  const words = text.rules;
  const { LoadBalancerName: name = "", LoadBalancerArn: arn = "" } = balancer;
  const query = useListeners(arn);
  const selection = useSelection(query, idOf);
  const [deleting, setDeleting] = useState<Listener | null>(null);
  const create = <Button variant="primary" href={href(paths.createListener(name))}>{words.create}</Button>;
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={words.listeners}
        unsorted
        wrap
        selection={{ ...selection, label: listenerName }}
        empty={{ title: words.noListeners, detail: words.noListenersDetail, action: create }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <SelectionButton item={selection.selected} onClick={setDeleting}>{words.delete.open}</SelectionButton>
            {create}
          </SpaceBetween>
        }
        columns={[
          {
            id: "listener",
            header: words.protocolPort,
            cell: (listener) => <Link href={href(paths.listener(name, listener.Port ?? 0))}>{listenerName(listener)}</Link>,
            isRowHeader: true,
          },
          { id: "action", header: words.defaultAction, cell: (listener) => <Actions actions={listener.DefaultActions} />, minWidth: 220 },
          { id: "certificate", header: words.certificate, cell: (listener) => nameOf(listener.Certificates?.[0]?.CertificateArn) || text.parts.none },
          { id: "policy", header: words.policy, cell: (listener) => listener.SslPolicy ?? text.parts.none },
        ]}
      />
      {deleting ? <DeleteListener listener={deleting} onClose={() => { setDeleting(null); }} onDone={query.reload} /> : null}
    </>
  );
}

export function DeleteListener({ listener, onClose, onDone }: { listener: Listener; onClose: () => void; onDone: () => void }) {
  const text = useText().rules.delete;
  const target = useTarget();
  const name = listenerName(listener);
  return (
    <ConfirmDialog
      title={text.title(name)}
      effect={text.effect}
      action={text.action}
      done={text.done(name)}
      perform={() => deleteListener(target, listener.ListenerArn ?? "")}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
