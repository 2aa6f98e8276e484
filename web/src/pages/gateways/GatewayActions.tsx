import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../app/paths.ts";
import { deleteGateway, setDeletionProtection } from "../../aws/gateways.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";

/** Turns the deletion protection of a gateway on or off, and deletes it. `isProtected`: undefined while it is loading. */
export function GatewayActions({ name, isProtected, onChanged }: { name: string; isProtected: boolean | undefined; onChanged: () => void }) {
  const text = useText().gateways;
  const target = useTarget();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"protection" | "deletion" | null>(null);
  const onClose = () => { setDialog(null); };
  const words = isProtected ? text.unprotect : text.protect;
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <Button disabled={isProtected === undefined} onClick={() => { setDialog("protection"); }}>{words.open}</Button>
      <Button disabled={isProtected !== false} onClick={() => { setDialog("deletion"); }}>{text.delete}</Button>
      {dialog === "protection" ? (
        <ConfirmDialog
          title={words.title(name)}
          effect={words.effect}
          action={words.open}
          done={words.done(name)}
          perform={() => setDeletionProtection(target, name, !isProtected)}
          onClose={onClose}
          onDone={onChanged}
        />
      ) : null}
      {dialog === "deletion" ? (
        <ConfirmDialog
          title={text.deleteTitle(name)}
          effect={text.deleteEffect}
          action={text.delete}
          done={text.deleted(name)}
          confirmationWord={name}
          perform={() => deleteGateway(target, name)}
          onClose={onClose}
          onDone={() => { void navigate(paths.gateways); }}
        />
      ) : null}
    </SpaceBetween>
  );
}
