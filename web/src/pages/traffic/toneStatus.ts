import type { StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { Tone } from "../../traffic/model/mesh.ts";

/** The status indicator of each rating of a success rate. */
export const TONE_STATUS: Readonly<Record<Tone, StatusIndicatorProps.Type>> = { good: "success", fair: "warning", bad: "error", none: "pending" };
