// The values in the form of a health check, and the members of a request for them. Validation is left to the API.

import type { ModifyTargetGroupCommandInput, ProtocolEnum, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";

export interface HealthCheckDraft {
  readonly protocol: ProtocolEnum;
  readonly path: string;
  readonly port: string;
  readonly healthy: string;
  readonly unhealthy: string;
  readonly timeout: string;
  readonly interval: string;
  readonly codes: string;
}

type HealthCheckInput = Omit<ModifyTargetGroupCommandInput, "TargetGroupArn">;

export function healthCheckDraftOf(group: TargetGroup): HealthCheckDraft {
  return {
    protocol: group.HealthCheckProtocol ?? "HTTP",
    path: group.HealthCheckPath ?? "",
    port: group.HealthCheckPort ?? "traffic-port",
    healthy: String(group.HealthyThresholdCount ?? ""),
    unhealthy: String(group.UnhealthyThresholdCount ?? ""),
    timeout: String(group.HealthCheckTimeoutSeconds ?? ""),
    interval: String(group.HealthCheckIntervalSeconds ?? ""),
    codes: group.Matcher?.GrpcCode ?? group.Matcher?.HttpCode ?? "",
  };
}

/** The members for the fields that differ from `before`, in which a missing field counts as empty. `grpc`: codes are gRPC status codes. */
export function healthCheckInput(draft: HealthCheckDraft, before: Partial<HealthCheckDraft>, grpc: boolean): HealthCheckInput {
  const isChanged = (field: keyof HealthCheckDraft) => draft[field] !== (before[field] ?? "");
  const number = (member: keyof HealthCheckInput, field: "healthy" | "unhealthy" | "timeout" | "interval") => (isChanged(field) ? { [member]: Number(draft[field]) } : {});
  return {
    ...(isChanged("protocol") ? { HealthCheckProtocol: draft.protocol } : {}),
    ...(isChanged("path") && isHttp(draft.protocol) ? { HealthCheckPath: draft.path } : {}),
    ...(isChanged("port") ? { HealthCheckPort: draft.port } : {}),
    ...number("HealthyThresholdCount", "healthy"),
    ...number("UnhealthyThresholdCount", "unhealthy"),
    ...number("HealthCheckTimeoutSeconds", "timeout"),
    ...number("HealthCheckIntervalSeconds", "interval"),
    ...(isChanged("codes") && isHttp(draft.protocol) ? { Matcher: grpc ? { GrpcCode: draft.codes } : { HttpCode: draft.codes } } : {}),
  };
}

export function isHttp(protocol: ProtocolEnum | undefined): boolean {
  return protocol === "HTTP" || protocol === "HTTPS";
}
