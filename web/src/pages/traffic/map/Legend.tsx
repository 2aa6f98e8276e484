// The legend of the map: colors, signs and widths.

import SpaceBetween from "@cloudscape-design/components/space-between";
import { usePreferences } from "../../../app/preferences.tsx";
import { useText } from "../../../i18n/useText.ts";
import { DARK, LIGHT } from "../../../traffic/canvas/palette.ts";

export function Legend() {
  const text = useText().traffic.legend;
  const { dark } = usePreferences();
  const { tones, deploying, boxBorder } = dark ? DARK : LIGHT;
  return (
    <SpaceBetween size="l" direction="horizontal">
      <Key color={tones.good} width={3} label={text.good} />
      <Key color={tones.fair} width={3} label={text.fair} />
      <Key color={tones.bad} width={3} label={text.bad} />
      <Key color={boxBorder} width={1.5} label={text.slow} />
      <Key color={boxBorder} width={6} label={text.busy} />
      <Key color={boxBorder} width={3} dashed label={text.tcp} />
      <span className="traffic-key"><b style={{ color: deploying }}>↻</b>{text.deploying}</span>
      <span className="traffic-key">{text.times}</span>
    </SpaceBetween>
  );
}

function Key({ color, width, label, dashed = false }: { color: string; width: number; label: string; dashed?: boolean }) {
  return (
    <span className="traffic-key">
      <svg width={26} height={10} aria-hidden>
        <line x1={0} x2={26} y1={5} y2={5} stroke={color} strokeWidth={width} strokeDasharray={dashed ? "5 4" : undefined} />
      </svg>
      {label}
    </span>
  );
}
