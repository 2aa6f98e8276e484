import { useState } from "react";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { createExpressService } from "../../aws/expressServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { createExpressInput, newExpressDraft } from "./expressDraft.ts";
import { ExpressForm } from "./ExpressForm.tsx";

export default function CreateExpressServicePage() {
  const text = useText().express;
  const target = useTarget();
  const [initial] = useState(() => newExpressDraft(target.scope));
  return (
    <PageLayout title={text.create} breadcrumbs={[{ text: text.title, path: paths.expressServices }, { text: text.create }]} contentType="form">
      <ExpressForm
        title={text.create}
        editing={false}
        initial={initial}
        save={(draft) => createExpressService(target, createExpressInput(draft))}
        done={({ name }) => text.form.created(name)}
        next={paths.expressServices}
        back={paths.expressServices}
      />
    </PageLayout>
  );
}
