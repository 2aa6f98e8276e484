import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { updateExpressService } from "../../aws/expressServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useExpressService } from "../../live/queries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { expressDraftOf, removedRole, updateExpressInput } from "./expressDraft.ts";
import { ExpressForm } from "./ExpressForm.tsx";

export default function UpdateExpressServicePage() {
  const text = useText().express;
  const target = useTarget();
  const { cluster = "", service: name = "" } = useParams();
  const page = paths.expressService(cluster, name);
  const title = text.form.updateTitle(name);
  return (
    <PageLayout title={title} breadcrumbs={[{ text: text.title, path: paths.expressServices }, { text: name, path: page }, { text: text.update }]} contentType="form">
      <QueryContent query={useExpressService(cluster, name)}>
        {(service) => (
          <ExpressForm
            title={title}
            editing
            initial={expressDraftOf(service)}
            save={async (draft) => {
              const role = removedRole(service, draft);
              if (role !== null) throw new Error(`${role}: ${text.form.roleStays}`);
              await updateExpressService(target, updateExpressInput(service, draft));
            }}
            done={() => text.form.updated(name)}
            next={page}
            back={page}
          />
        )}
      </QueryContent>
    </PageLayout>
  );
}
