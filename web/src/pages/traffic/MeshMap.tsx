// The map: a canvas with a camera over it. What it shows is in the table as well, for whoever can't see it or has no mouse.

import Button from "@cloudscape-design/components/button";
import { type PointerEvent as ReactPointerEvent, type KeyboardEvent, memo, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "../../app/preferences.tsx";
import { useText } from "../../i18n/useText.ts";
import type { Picture } from "../../traffic/artist.ts";
import { type Camera, panned, type Point, type Size, zoomed } from "../../traffic/camera.ts";
import type { Graph } from "../../traffic/graph.ts";
import { DARK, LIGHT } from "../../traffic/palette.ts";
import { type Hit, lit, type Scene, sceneOf } from "../../traffic/scene.ts";
import { Stage } from "../../traffic/stage.ts";
import { usePlaces } from "../../traffic/usePlaces.ts";
import "./traffic.css";

export interface MeshMapProps {
  readonly graph: Graph;
  readonly chosen: Hit | null;
  /** Boxes that are searched for; null: nothing is. */
  readonly found: ReadonlySet<string> | null;
  readonly onChoose: (hit: Hit | null) => void;
  readonly onOpen: (box: string) => void;
  /** It can't be drawn any more. */
  readonly onFailed: () => void;
}

type Move = (camera: Camera, view: Size) => Camera;

const STEP = 1.25;
const WHEEL = 0.0016;
const PAN = 60;
const MOVED = 4; // pixels from which a press is a drag

export function MeshMap(props: MeshMapProps) {
  const text = useText().traffic.map;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState<Hit | null>(null);
  const stage = useStage(canvas, usePicture(props, pointed), props.onFailed);
  const move = (change: Move) => stage.current?.move(change);
  const pointer = usePointer({
    move,
    at: (point) => stage.current?.hit(point) ?? null,
    onPoint: (hit) => { setPointed((before) => (before?.kind === hit?.kind && before?.id === hit?.id ? before : hit)); },
    onChoose: props.onChoose,
    onOpen: props.onOpen,
  });
  useWheel(canvas, (event, point) => {
    move((from, view) => zoomed(from, view, Math.exp(-event.deltaY * WHEEL), point));
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const change = keyMove(event.key);
    if (event.key === "Escape") props.onChoose(null);
    else if (event.key === "0") stage.current?.fit();
    else if (change) move(change);
    else return;
    event.preventDefault();
  };
  return (
    <div className="traffic-map">
      <canvas
        ref={canvas}
        className={pointed ? "traffic-canvas traffic-on" : "traffic-canvas"}
        tabIndex={0}
        role="application"
        aria-label={text.label(props.graph.boxes.length, props.graph.lines.length)}
        aria-describedby="traffic-keys"
        onKeyDown={onKeyDown}
        {...pointer}
      />
      <Zoom stage={stage} />
      <p id="traffic-keys" className="traffic-hidden">{text.keys}</p>
    </div>
  );
}

const Zoom = memo(function Zoom({ stage }: { stage: RefObject<Stage | null> }) {
  const text = useText().traffic.map;
  const by = (factor: number) => () => stage.current?.move((from, view) => zoomed(from, view, factor));
  return (
    <div className="traffic-zoom">
      <Button iconName="zoom-in" variant="icon" ariaLabel={text.zoomIn} onClick={by(STEP)} />
      <Button iconName="zoom-out" variant="icon" ariaLabel={text.zoomOut} onClick={by(1 / STEP)} />
      <Button iconName="zoom-to-fit" variant="icon" ariaLabel={text.fit} onClick={() => stage.current?.fit()} />
    </div>
  );
});

/** What is to be drawn; the same object for as long as that is the same. */
function usePicture({ graph, chosen, found, onFailed }: MeshMapProps, pointed: Hit | null): Picture | null {
  const layout = usePlaces(graph, onFailed);
  const { map: text, kinds } = useText().traffic;
  const { dark, language } = usePreferences();
  const scene = useMemo<Scene | null>(() => layout && sceneOf(graph, layout), [graph, layout]);
  const words = useMemo(() => ({ nowhere: text.nowhere, kinds, locale: language }), [text, kinds, language]);
  return useMemo(() => {
    if (!scene) return null;
    const shown = lit(scene, [pointed, chosen]) ?? (found && { boxes: found, lines: new Set<string>() });
    return { scene, palette: dark ? DARK : LIGHT, words, lit: shown, chosen };
  }, [scene, pointed, chosen, found, dark, words]);
}

/** A stage on a canvas, of its size, with a picture on it. */
function useStage(canvas: RefObject<HTMLCanvasElement | null>, picture: Picture | null, onFailed: () => void): RefObject<Stage | null> {
  const stage = useRef<Stage>(null);
  useEffect(() => {
    if (!canvas.current) return;
    const made = new Stage(canvas.current, onFailed);
    stage.current = made;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) made.resize({ width: Math.round(entry.contentRect.width), height: Math.round(entry.contentRect.height) });
    });
    watch.observe(canvas.current);
    return () => {
      watch.disconnect();
      made.close();
    };
  }, [canvas, onFailed]);
  useEffect(() => {
    if (picture) stage.current?.show(picture);
  }, [picture]);
  return stage;
}

function keyMove(key: string): Move | null {
  if (key === "+" || key === "=") return (from, view) => zoomed(from, view, STEP);
  if (key === "-") return (from, view) => zoomed(from, view, 1 / STEP);
  const by = { ArrowLeft: { x: -PAN, y: 0 }, ArrowRight: { x: PAN, y: 0 }, ArrowUp: { x: 0, y: -PAN }, ArrowDown: { x: 0, y: PAN } }[key];
  return by ? (from) => panned(from, by) : null;
}

interface Pointing {
  readonly move: (change: Move) => void;
  readonly at: (point: Point) => Hit | null;
  readonly onPoint: (hit: Hit | null) => void;
  readonly onChoose: (hit: Hit | null) => void;
  readonly onOpen: (box: string) => void;
}

/** A press that moves drags the picture; one that does not chooses; two open. */
function usePointer({ move, at, onPoint, onChoose, onOpen }: Pointing) {
  const held = useRef<{ last: Point; far: number } | null>(null);
  const point = (event: ReactPointerEvent | React.MouseEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  return {
    onPointerDown: (event: ReactPointerEvent) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      held.current = { last: point(event), far: 0 };
    },
    onPointerMove: (event: ReactPointerEvent) => {
      const now = point(event);
      const drag = held.current;
      if (!drag) {
        onPoint(at(now));
        return;
      }
      const by = { x: drag.last.x - now.x, y: drag.last.y - now.y };
      held.current = { last: now, far: drag.far + Math.hypot(by.x, by.y) };
      if (held.current.far > MOVED) move((from) => panned(from, by));
    },
    onPointerUp: (event: ReactPointerEvent) => {
      const drag = held.current;
      held.current = null;
      if (drag && drag.far <= MOVED) onChoose(at(point(event)));
    },
    onPointerLeave: () => {
      onPoint(null);
    },
    onDoubleClick: (event: React.MouseEvent) => {
      const found = at(point(event));
      if (found?.kind === "box") onOpen(found.id);
    },
  };
}

/** The wheel over an element, which does not scroll the page then. */
function useWheel(element: React.RefObject<HTMLElement | null>, onWheel: (event: WheelEvent, point: Point) => void) {
  const newest = useRef(onWheel);
  useEffect(() => {
    newest.current = onWheel;
  });
  useEffect(() => {
    const canvas = element.current;
    if (!canvas) return;
    const listener = (event: WheelEvent) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      newest.current(event, { x: event.clientX - box.left, y: event.clientY - box.top });
    };
    canvas.addEventListener("wheel", listener, { passive: false });
    return () => {
      canvas.removeEventListener("wheel", listener);
    };
  }, [element]);
}
