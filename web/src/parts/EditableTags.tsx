// The tags of a resource, which can be changed.

import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import type { Target } from "../aws/config.ts";
import { tagEcsResource } from "../aws/ecsTags.ts";
import type { Tags } from "../aws/tags.ts";
import { useTarget } from "../aws/useTarget.ts";
import { useText } from "../i18n/useText.ts";
import { ConfirmDialog } from "./ConfirmDialog.tsx";
import { TagsField, TagsTable } from "./Tags.tsx";

/** Sets the tags of the resource with an ARN, which has the tags `before`. */
export type SaveTags = (target: Target, arn: string, before: Tags, after: Tags) => Promise<void>;

export interface EditableTagsProps {
  readonly arn: string | undefined;
  readonly tags: Tags;
  readonly save: SaveTags;
  /** Reads the resource again. */
  readonly onChanged: () => void;
}

/** The tags of a resource of ECS. */
export function EcsTags(props: Omit<EditableTagsProps, "save">) {
  return <EditableTags {...props} save={tagEcsResource} />;
}

export function EditableTags({ arn, tags, save, onChanged }: EditableTagsProps) {
  const text = useText().parts.tags;
  const [editing, setEditing] = useState(false);
  return (
    <>
      <TagsTable tags={tags} actions={<Button disabled={arn === undefined} onClick={() => { setEditing(true); }}>{text.manage}</Button>} />
      {editing && arn !== undefined ? <EditTags arn={arn} tags={tags} save={save} onChanged={onChanged} onClose={() => { setEditing(false); }} /> : null}
    </>
  );
}

function EditTags({ arn, tags, save, onChanged, onClose }: EditableTagsProps & { arn: string; onClose: () => void }) {
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
      perform={() => save(target, arn, tags, edited)}
      onDone={onChanged}
      onClose={onClose}
    >
      <TagsField tags={draft} onChange={setDraft} />
    </ConfirmDialog>
  );
}
