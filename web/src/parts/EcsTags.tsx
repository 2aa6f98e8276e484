// The tags of a resource of ECS, which can be changed.

import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { tagEcsResource } from "../aws/ecsTags.ts";
import type { Tags } from "../aws/tags.ts";
import { useTarget } from "../aws/useTarget.ts";
import { useText } from "../i18n/useText.ts";
import { ConfirmDialog } from "./ConfirmDialog.tsx";
import { TagsField, TagsTable } from "./Tags.tsx";

/** `onChanged` reads the resource again. */
export function EcsTags({ arn, tags, onChanged }: { arn: string | undefined; tags: Tags; onChanged: () => void }) {
  const text = useText().parts.tags;
  const [editing, setEditing] = useState(false);
  return (
    <>
      <TagsTable tags={tags} actions={<Button disabled={arn === undefined} onClick={() => { setEditing(true); }}>{text.manage}</Button>} />
      {editing && arn !== undefined ? <EditTags arn={arn} tags={tags} onChanged={onChanged} onClose={() => { setEditing(false); }} /> : null}
    </>
  );
}

function EditTags({ arn, tags, onChanged, onClose }: { arn: string; tags: Tags; onChanged: () => void; onClose: () => void }) {
  const text = useText().parts;
  const target = useTarget();
  const [draft, setDraft] = useState<Tags>(tags);
  const edited = draft.filter(({ key }) => key !== undefined && key !== "");
  return (
    <ConfirmDialog
      title={text.tags.manage}
      effect={text.tags.description}
      action={text.form.save}
      done={text.tags.saved}
      perform={() => tagEcsResource(target, arn, tags, edited)}
      onDone={onChanged}
      onClose={onClose}
    >
      <TagsField tags={draft} onChange={setDraft} />
    </ConfirmDialog>
  );
}
