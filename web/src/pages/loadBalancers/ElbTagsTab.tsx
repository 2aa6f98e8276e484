import { tagElbResource } from "../../aws/elb.ts";
import { useElbTags } from "../../live/elbQueries.ts";
import { EditableTags } from "../../parts/EditableTags.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";

/** The tags of a load balancer, a listener or a target group. */
export function ElbTagsTab({ arn }: { arn: string }) {
  const query = useElbTags(arn);
  return <QueryContent query={query}>{(tags) => <EditableTags arn={arn} tags={tags} save={tagElbResource} onChanged={query.reload} />}</QueryContent>;
}
