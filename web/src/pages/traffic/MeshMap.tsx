// The map: a canvas with a camera over it. What it shows is in the table as well, for whoever can't see it or has no mouse.

import Button from "@cloudscape-design/components/button";
import { type PointerEvent as ReactPointerEvent, type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "../../app/preferences.tsx";
import { useText } from "../../i18n/useText.ts";
import { type Camera, fitted, panned, type Point, type Size, toWorld, zoomed } from "../../traffic/camera.ts";
import { draw } from "../../traffic/draw.ts";
import type { Graph } from "../../traffic/graph.ts";
import type { Layout } from "../../traffic/layout.ts";
import { DARK, LIGHT } from "../../traffic/palette.ts";
import { hit, type Hit, lit, type Scene, sceneOf } from "../../traffic/scene.ts";
import { useFrames } from "../../traffic/useFrames.ts";
import "./traffic.css";

export interface MeshMapProps {
  readonly graph: Graph;
  readonly layout: Layout | null;
  readonly chosen: Hit | null;
  /** Boxes that are searched for; null: nothing is. */
  readonly found: ReadonlySet<string> | null;
  readonly onChoose: (hit: Hit | null) => void;
  readonly onOpen: (box: string) => void;
}

const STEP = 1.25;
const WHEEL = 0.0016;
const PAN = 60;
const NEAR = 7; // pixels between a pointer and the line that it means
const MOVED = 4; // pixels from which a press is a drag

export function MeshMap(props: MeshMapProps) {
  const text = useText().traffic.map;
  const { dark, language } = usePreferences();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<Size>({ width: 0, height: 0 });
  const scene = useMemo<Scene | null>(() => props.layout && sceneOf(props.graph, props.layout), [props.graph, props.layout]);
  const fit = useMemo(() => (scene ? fitted(scene, view) : null), [scene?.width, scene?.height, view]); // eslint-disable-line react-hooks/exhaustive-deps -- figures that change move nothing
  const [moved, setMoved] = useState<{ readonly of: Camera | null; readonly camera: Camera } | null>(null);
  const camera = moved !== null && moved.of === fit ? moved.camera : fit;
  const [pointed, setPointed] = useState<Hit | null>(null);
  const words = useMemo(() => ({ nowhere: text.nowhere, ejected: text.ejected, locale: language }), [text, language]);
  const { chosen, found } = props;
  const shown = useMemo(() => {
    if (!scene) return null;
    const standing = lit(scene, [pointed, chosen]);
    return standing ?? (found ? { boxes: found, lines: new Set<string>() } : null);
  }, [scene, pointed, chosen, found]);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setView({ width: Math.round(entry.contentRect.width), height: Math.round(entry.contentRect.height) });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
    };
  }, []);

  const paint = useCallback(
    (time: number | null) => {
      const ctx = canvas.current?.getContext("2d");
      if (!ctx || !camera || !scene || view.width === 0) return;
      const density = Math.min(window.devicePixelRatio || 1, 2);
      const [width, height] = [Math.round(view.width * density), Math.round(view.height * density)];
      if (ctx.canvas.width !== width || ctx.canvas.height !== height) Object.assign(ctx.canvas, { width, height });
      draw(ctx, scene, { camera, view, density, palette: dark ? DARK : LIGHT, words, lit: shown, chosen, time });
    },
    [camera, scene, view, dark, words, shown, chosen],
  );
  useFrames(paint, shown !== null && shown.lines.size > 0);

  const move = useCallback(
    (change: (camera: Camera) => Camera) => {
      setMoved((before) => {
        const from = before !== null && before.of === fit ? before.camera : fit;
        return from && { of: fit, camera: change(from) };
      });
    },
    [fit],
  );
  const at = (point: Point) => (scene && camera ? hit(scene, toWorld(camera, view, point), NEAR / camera.zoom) : null);
  const pointer = usePointer({ move, at, onPoint: setPointed, onChoose: props.onChoose, onOpen: props.onOpen });
  useWheel(canvas, (event, point) => {
    move((from) => zoomed(from, view, Math.exp(-event.deltaY * WHEEL), point));
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const change = keyMove(event.key, view);
    if (event.key === "Escape") props.onChoose(null);
    else if (event.key === "0") setMoved(null);
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
        data-lines={scene?.lines.length ?? 0}
        role="application"
        aria-label={text.label(props.graph.boxes.length, props.graph.lines.length)}
        aria-describedby="traffic-keys"
        onKeyDown={onKeyDown}
        {...pointer}
      />
      <div className="traffic-zoom">
        <Button iconName="zoom-in" variant="icon" ariaLabel={text.zoomIn} onClick={() => { move((from) => zoomed(from, view, STEP)); }} />
        <Button iconName="zoom-out" variant="icon" ariaLabel={text.zoomOut} onClick={() => { move((from) => zoomed(from, view, 1 / STEP)); }} />
        <Button iconName="zoom-to-fit" variant="icon" ariaLabel={text.fit} onClick={() => { setMoved(null); }} />
      </div>
      <p id="traffic-keys" className="traffic-hidden">{text.keys}</p>
    </div>
  );
}

function keyMove(key: string, view: Size): ((camera: Camera) => Camera) | null {
  if (key === "+" || key === "=") return (from) => zoomed(from, view, STEP);
  if (key === "-") return (from) => zoomed(from, view, 1 / STEP);
  const by = { ArrowLeft: { x: -PAN, y: 0 }, ArrowRight: { x: PAN, y: 0 }, ArrowUp: { x: 0, y: -PAN }, ArrowDown: { x: 0, y: PAN } }[key];
  return by ? (from) => panned(from, by) : null;
}

interface Pointing {
  readonly move: (change: (camera: Camera) => Camera) => void;
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
