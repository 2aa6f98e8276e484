import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { Properties } from "../../parts/Properties.tsx";

/** The health check settings of a target group. */
export function HealthCheckTab({ group }: { group: TargetGroup }) {
  const text = useText();
  const words = text.targetGroups.check;
  const edit = <Button href={href(paths.editHealthCheck(group.TargetGroupName ?? ""))}>{words.edit}</Button>;
  return (
    <Container header={<Header variant="h2" actions={edit}>{words.title}</Header>}>
      <Properties
        items={[
          { label: words.enabled, value: group.HealthCheckEnabled ? text.parts.on : text.parts.off },
          { label: words.protocol, value: group.HealthCheckProtocol },
          { label: words.port, value: group.HealthCheckPort === "traffic-port" ? words.trafficPort : group.HealthCheckPort },
          { label: words.path, value: group.HealthCheckPath },
          { label: words.codes, value: group.Matcher?.GrpcCode ?? group.Matcher?.HttpCode },
          { label: words.interval, value: words.seconds(group.HealthCheckIntervalSeconds ?? 0) },
          { label: words.timeout, value: words.seconds(group.HealthCheckTimeoutSeconds ?? 0) },
          { label: words.healthy, value: words.successes(group.HealthyThresholdCount ?? 0) },
          { label: words.unhealthy, value: words.failures(group.UnhealthyThresholdCount ?? 0) },
        ]}
      />
    </Container>
  );
}
