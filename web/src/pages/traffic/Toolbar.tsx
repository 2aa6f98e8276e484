// Which part of the mesh, in which time, and how. Of App Mesh's there are no clusters to show.

import Autosuggest from "@cloudscape-design/components/autosuggest";
import Button from "@cloudscape-design/components/button";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { paginateListNamespaces } from "@aws-sdk/client-servicediscovery";
import { memo } from "react";
import { readMeshes } from "../../aws/appMesh.ts";
import { cloudMap } from "../../aws/cloudMap.ts";
import type { Target } from "../../aws/config.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { rangeText } from "../../traffic/range.ts";
import type { View, ViewChange } from "../../traffic/useView.ts";
import { isMesh, type Member, meshId, partyId, partyName } from "../../traffic/values.ts";
import { RangePicker } from "./RangePicker.tsx";

const ALL = "*";

export interface ToolbarProps {
  readonly view: View;
  readonly change: (change: ViewChange) => void;
  readonly members: readonly Member[] | undefined;
}

/** Not rendered again for figures, which come each few seconds. */
export const Toolbar = memo(function Toolbar({ view, change, members }: ToolbarProps) {
  const text = useText().traffic.toolbar;
  const target = useTarget();
  const topics = [{ kind: "namespace" }, { kind: "mesh" }];
  const namespaces = useLive(["namespace-names"], topics, () => readNamespaces(target)).data ?? [];
  const options = [{ value: ALL, label: text.all }, ...namespaces.map((name) => ({ value: name, label: name }))];
  const parties = (members ?? []).map(({ party }) => ({ value: partyId(party), label: partyName(party) }));
  const focused = parties.find((one) => one.value === view.focus)?.label ?? view.focus?.split("|").at(-1);
  return (
    <SpaceBetween size="s" direction="horizontal" alignItems="center">
      <div className="traffic-select">
      <Select
        selectedOption={options.find((one) => one.value === (view.namespace ?? ALL)) ?? { value: view.namespace ?? ALL }}
        options={options}
        inlineLabelText={text.namespace}
        onChange={({ detail }) => {
          const chosen = detail.selectedOption.value ?? ALL;
          change({ namespace: chosen === ALL ? null : chosen, focus: null, edge: null });
        }}
      />
      </div>
      <Autosuggest
        value={view.find}
        options={parties}
        placeholder={text.find}
        ariaLabel={text.find}
        enteredTextLabel={(value) => text.use(value)}
        empty={text.unknown}
        onChange={({ detail }) => { change({ find: detail.value }); }}
        onSelect={({ detail }) => {
          if (parties.some((one) => one.value === detail.value)) change({ focus: detail.value, find: null, edge: `:${detail.value}` });
        }}
      />
      {focused === undefined ? null : (
        <Button iconName="close" iconAlign="right" onClick={() => { change({ focus: null }); }}>
          {text.focused(focused)}
        </Button>
      )}
      <RangePicker range={view.range} onChange={(range) => { change({ range: rangeText(range) }); }} />
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

/** Those of Cloud Map, then the meshes. */
async function readNamespaces(target: Target): Promise<string[]> {
  const meshes = (await readMeshes(target)).map((mesh) => meshId(mesh.meshName ?? ""));
  const found: string[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap(target) }, {})) {
    found.push(...(page.Namespaces ?? []).map((namespace) => namespace.Name ?? ""));
  }
  return [...found.sort(), ...new Set(meshes.sort())];
}
