// Selects the part of the mesh, the time range and the view. A mesh of App Mesh can't be grouped by cluster.

import Button from "@cloudscape-design/components/button";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { paginateListNamespaces } from "@aws-sdk/client-servicediscovery";
import { memo } from "react";
import { readMeshes } from "../../aws/appMesh.ts";
import { cloudMap } from "../../aws/cloudMap.ts";
import type { Target } from "../../aws/config.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { Autosuggest, Select } from "../../parts/choices.tsx";
import { isMesh, type Member, meshId, workloadId, workloadName } from "../../traffic/model/mesh.ts";
import { formatTimeRange } from "../../traffic/model/timeRange.ts";
import { RangePicker } from "./RangePicker.tsx";
import type { View, ViewChange } from "./viewState.ts";

const ALL = "*";

export interface ToolbarProps {
  readonly view: View;
  readonly change: (change: ViewChange) => void;
  readonly members: readonly Member[] | undefined;
}

/** Memoized, because new metrics arrive every few seconds. */
export const Toolbar = memo(function Toolbar({ view, change, members }: ToolbarProps) {
  const text = useText().traffic.toolbar;
  const target = useTarget();
  const topics = [{ kind: "namespace" }, { kind: "mesh" }];
  const namespaces = useLive(["namespace-names"], topics, () => readNamespaces(target));
  const options = [{ value: ALL, label: text.all }, ...(namespaces.data ?? []).map((name) => ({ value: name, label: name }))];
  const workloads = (members ?? []).map(({ workload }) => ({ value: workloadId(workload), label: workloadName(workload) }));
  const focused = workloads.find(({ value }) => value === view.focus)?.label ?? view.focus?.split("|").at(-1);
  return (
    <SpaceBetween size="s" direction="horizontal" alignItems="center">
      <div className="traffic-select">
      <Select
        optionsFrom={namespaces}
        selectedOption={options.find(({ value }) => value === (view.namespace ?? ALL)) ?? { value: view.namespace ?? ALL }}
        options={options}
        inlineLabelText={text.namespace}
        onChange={({ detail }) => {
          const namespace = detail.selectedOption.value ?? ALL;
          change({ namespace: namespace === ALL ? null : namespace, focus: null, edge: null });
        }}
      />
      </div>
      <Autosuggest
        optionsFrom={null}
        value={view.find}
        options={workloads}
        placeholder={text.find}
        ariaLabel={text.find}
        enteredTextLabel={(value) => text.use(value)}
        empty={text.unknown}
        onChange={({ detail }) => { change({ find: detail.value }); }}
        onSelect={({ detail }) => {
          if (workloads.some(({ value }) => value === detail.value)) change({ focus: detail.value, find: null, edge: `:${detail.value}` });
        }}
      />
      {focused === undefined ? null : (
        <Button iconName="close" iconAlign="right" onClick={() => { change({ focus: null }); }}>
          {text.focused(focused)}
        </Button>
      )}
      <RangePicker range={view.range} onChange={(range) => { change({ range: formatTimeRange(range) }); }} />
      {isMesh(view.namespace) ? null : (
        <SegmentedControl
          label={text.by}
          selectedId={view.grouping}
          options={[{ id: "service", text: text.services }, { id: "cluster", text: text.clusters }]}
          onChange={({ detail }) => { change({ by: detail.selectedId, focus: null, edge: null }); }}
        />
      )}
      <SegmentedControl
        label={text.as}
        selectedId={view.as}
        options={[{ id: "map", text: text.map }, { id: "table", text: text.table }]}
        onChange={({ detail }) => { change({ as: detail.selectedId }); }}
      />
    </SpaceBetween>
  );
});

/** The namespaces of Cloud Map, followed by the meshes. */
async function readNamespaces(target: Target): Promise<string[]> {
  const meshes = (await readMeshes(target)).map((mesh) => meshId(mesh.meshName ?? ""));
  const namespaces: string[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap(target) }, {})) {
    namespaces.push(...(page.Namespaces ?? []).map((namespace) => namespace.Name ?? ""));
  }
  return [...namespaces.sort(), ...new Set(meshes.sort())];
}
