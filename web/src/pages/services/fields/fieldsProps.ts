import type { ServiceDraft } from "../draft.ts";
import type { FieldErrors } from "../problems.ts";

/** The props of the form's sections. */
export interface ServiceFieldsProps {
  readonly draft: ServiceDraft;
  readonly change: (part: Partial<ServiceDraft>) => void;
  readonly editing: boolean;
  readonly errors: FieldErrors;
}
