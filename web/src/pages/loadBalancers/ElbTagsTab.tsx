import { useElbTags } from "../../live/elbQueries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { TagsTable } from "../../parts/Tags.tsx";

/** The tags of a load balancer, a listener or a target group. */
export function ElbTagsTab({ arn }: { arn: string }) {
  return <QueryContent query={useElbTags(arn)}>{(tags) => <TagsTable tags={tags} />}</QueryContent>;
}
