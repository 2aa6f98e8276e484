// The traffic map: a canvas with mouse, touch and keyboard control. The table has the same data, for screen readers.

import Button from "@cloudscape-design/components/button";
import { type KeyboardEvent, memo, type PointerEvent as ReactPointerEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "../../../app/preferences.tsx";
import { useText } from "../../../i18n/useText.ts";
import { type Camera, panBy, zoomBy } from "../../../traffic/canvas/camera.ts";
import type { Picture } from "../../../traffic/canvas/drawWorker.ts";
import { MapCanvas } from "../../../traffic/canvas/mapCanvas.ts";
import { DARK, LIGHT } from "../../../traffic/canvas/palette.ts";
import { buildScene, highlightOf, type Scene, type SceneItem } from "../../../traffic/canvas/scene.ts";
import type { Point, Size } from "../../../traffic/layout/geometry.ts";
import { useLayout } from "../../../traffic/layout/useLayout.ts";
import { type Graph, LOAD_BALANCERS, NO_NAMESPACE } from "../../../traffic/model/graph.ts";
import "./traffic.css";

export interface MeshMapProps {
  readonly graph: Graph;
  readonly selected: SceneItem | null;
  /** The boxes that match a search; null without a search. */
  readonly matches: ReadonlySet<string> | null;
  readonly onSelect: (item: SceneItem | null) => void;
  /** A box was double-clicked. */
  readonly onOpen: (box: string) => void;
  /** A worker failed, so that the map can't be drawn. */
  readonly onFailed: () => void;
}

type CameraChange = (camera: Camera, view: Size) => Camera;

const ZOOM_STEP = 1.25;
const WHEEL_SPEED = 0.0016;
const PAN_STEP = 60;
const FIT_MARGIN = 48; // world units around the picture
const DRAG_THRESHOLD = 4; // pixels that a click may move

export function MeshMap(props: MeshMapProps) {
  const text = useText().traffic.map;
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState<SceneItem | null>(null);
  const picture = usePicture(props, hovered);
  const map = useMapCanvas(canvasRef, picture, props.onFailed);
  const moveCamera = (change: CameraChange) => map.current?.moveCamera(change);
  const pointerHandlers = usePointer({
    moveCamera,
    itemAt: (point) => map.current?.itemAt(point) ?? null,
    onHover: (item) => { setHovered((previous) => (previous?.kind === item?.kind && previous?.id === item?.id ? previous : item)); },
    onSelect: props.onSelect,
    onOpen: props.onOpen,
  });
  useWheel(canvasRef, (event, point) => {
    moveCamera((camera, view) => zoomBy(camera, view, Math.exp(-event.deltaY * WHEEL_SPEED), point));
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const change = cameraChangeFor(event.key);
    if (event.key === "Escape") props.onSelect(null);
    else if (event.key === "0") map.current?.fit();
    else if (change) moveCamera(change);
    else return;
    event.preventDefault();
  };
  return (
    <div className="traffic-map" style={picture === null ? {} : { aspectRatio: `${picture.scene.width + FIT_MARGIN} / ${picture.scene.height + FIT_MARGIN}` }}>
      <canvas
        ref={canvasRef}
        className={hovered ? "traffic-canvas traffic-on" : "traffic-canvas"}
        tabIndex={0}
        role="application"
        aria-label={text.label(props.graph.boxes.length, props.graph.lines.length)}
        aria-describedby="traffic-keys"
        onKeyDown={onKeyDown}
        {...pointerHandlers}
      />
      <ZoomButtons map={map} />
      <p id="traffic-keys" className="traffic-hidden">{text.keys}</p>
    </div>
  );
}

const ZoomButtons = memo(function ZoomButtons({ map }: { map: RefObject<MapCanvas | null> }) {
  const text = useText().traffic.map;
  const zoom = (factor: number) => () => map.current?.moveCamera((camera, view) => zoomBy(camera, view, factor));
  return (
    <div className="traffic-zoom">
      <Button iconName="zoom-in" variant="icon" ariaLabel={text.zoomIn} onClick={zoom(ZOOM_STEP)} />
      <Button iconName="zoom-out" variant="icon" ariaLabel={text.zoomOut} onClick={zoom(1 / ZOOM_STEP)} />
      <Button iconName="zoom-to-fit" variant="icon" ariaLabel={text.fit} onClick={() => map.current?.fit()} />
    </div>
  );
});

/** The picture to draw. It is the same object until its content changes. */
function usePicture({ graph, selected, matches, onFailed }: MeshMapProps, hovered: SceneItem | null): Picture | null {
  const layout = useLayout(graph, onFailed);
  const { map: text, kinds } = useText().traffic;
  const { dark, language } = usePreferences();
  const scene = useMemo<Scene | null>(() => layout && buildScene(graph, layout), [graph, layout]);
  const texts = useMemo(() => ({ frames: { [NO_NAMESPACE]: text.noNamespace, [LOAD_BALANCERS]: text.loadBalancers }, names: { outside: kinds.outside }, kinds: { ...kinds, outside: text.outsideDetail }, locale: language }), [text, kinds, language]);
  return useMemo(() => {
    if (!scene) return null;
    const highlight = highlightOf(scene, [hovered, selected]) ?? (matches && { boxes: matches, lines: new Set<string>() });
    return { scene, palette: dark ? DARK : LIGHT, texts, highlight, selected };
  }, [scene, hovered, selected, matches, dark, texts]);
}

/** A MapCanvas on a canvas element, which follows the element's size and shows the picture. */
function useMapCanvas(canvasRef: RefObject<HTMLCanvasElement | null>, picture: Picture | null, onFailed: () => void): RefObject<MapCanvas | null> {
  const mapRef = useRef<MapCanvas>(null);
  useEffect(() => {
    if (!canvasRef.current) return;
    const map = new MapCanvas(canvasRef.current, onFailed);
    mapRef.current = map;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) map.resize({ width: Math.round(entry.contentRect.width), height: Math.round(entry.contentRect.height) });
    });
    observer.observe(canvasRef.current);
    return () => {
      observer.disconnect();
      map.close();
    };
  }, [canvasRef, onFailed]);
  useEffect(() => {
    if (picture) mapRef.current?.show(picture);
  }, [picture]);
  return mapRef;
}

function cameraChangeFor(key: string): CameraChange | null {
  if (key === "+" || key === "=") return (camera, view) => zoomBy(camera, view, ZOOM_STEP);
  if (key === "-") return (camera, view) => zoomBy(camera, view, 1 / ZOOM_STEP);
  const delta = { ArrowLeft: { x: -PAN_STEP, y: 0 }, ArrowRight: { x: PAN_STEP, y: 0 }, ArrowUp: { x: 0, y: -PAN_STEP }, ArrowDown: { x: 0, y: PAN_STEP } }[key];
  return delta ? (camera) => panBy(camera, delta) : null;
}

interface PointerOptions {
  readonly moveCamera: (change: CameraChange) => void;
  readonly itemAt: (point: Point) => SceneItem | null;
  readonly onHover: (item: SceneItem | null) => void;
  readonly onSelect: (item: SceneItem | null) => void;
  readonly onOpen: (box: string) => void;
}

/** Handlers for hover, drag (pan), click (select) and double click (open). */
function usePointer({ moveCamera, itemAt, onHover, onSelect, onOpen }: PointerOptions) {
  const dragRef = useRef<{ last: Point; distance: number } | null>(null);
  const pointOf = (event: ReactPointerEvent | React.MouseEvent) => {
    const rect = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - rect.left, y: event.clientY - rect.top };
  };
  return {
    onPointerDown: (event: ReactPointerEvent) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      dragRef.current = { last: pointOf(event), distance: 0 };
    },
    onPointerMove: (event: ReactPointerEvent) => {
      const point = pointOf(event);
      const drag = dragRef.current;
      if (!drag) {
        onHover(itemAt(point));
        return;
      }
      const delta = { x: drag.last.x - point.x, y: drag.last.y - point.y };
      dragRef.current = { last: point, distance: drag.distance + Math.hypot(delta.x, delta.y) };
      if (dragRef.current.distance > DRAG_THRESHOLD) moveCamera((camera) => panBy(camera, delta));
    },
    onPointerUp: (event: ReactPointerEvent) => {
      const drag = dragRef.current;
      dragRef.current = null;
      if (drag && drag.distance <= DRAG_THRESHOLD) onSelect(itemAt(pointOf(event)));
    },
    onPointerLeave: () => {
      onHover(null);
    },
    onDoubleClick: (event: React.MouseEvent) => {
      const item = itemAt(pointOf(event));
      if (item?.kind === "box") onOpen(item.id);
    },
  };
}

/** Handles the wheel over an element in place of scrolling the page. */
function useWheel(elementRef: RefObject<HTMLElement | null>, onWheel: (event: WheelEvent, point: Point) => void) {
  const latestOnWheel = useRef(onWheel);
  useEffect(() => {
    latestOnWheel.current = onWheel;
  });
  useEffect(() => {
    const element = elementRef.current;
    if (!element) return;
    const listener = (event: WheelEvent) => {
      event.preventDefault();
      const rect = element.getBoundingClientRect();
      latestOnWheel.current(event, { x: event.clientX - rect.left, y: event.clientY - rect.top });
    };
    element.addEventListener("wheel", listener, { passive: false });
    return () => {
      element.removeEventListener("wheel", listener);
    };
  }, [elementRef]);
}
