// A terminal on a session: it takes the room that it is given, and tells the command its size.

import { FitAddon } from "@xterm/addon-fit";
import { Terminal as Xterm } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef } from "react";
import type { Begun } from "../../aws/exec.ts";
import { ExecSession } from "../../channel/session.ts";
import { withSheets } from "../../channel/styles.ts";
import "./Terminal.css";

export interface TerminalProps {
  readonly begun: Begun;
  readonly label: string;
  readonly onBegun: () => void;
  readonly onEnd: (code: number | null, reason: string) => void;
}

const LINES_KEPT = 5000;

export default function Terminal({ begun, label, onBegun, onEnd }: TerminalProps) {
  const place = useRef<HTMLDivElement>(null);
  const listener = useRef({ onBegun, onEnd });
  useEffect(() => {
    listener.current = { onBegun, onEnd };
  });
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const terminal = new Xterm({
      fontFamily: 'Monaco, Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 13,
      cursorBlink: true,
      scrollback: LINES_KEPT,
      screenReaderMode: true,
      theme: { background: "#0f141a", foreground: "#ebebf0" },
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    withSheets(document, () => { terminal.open(element); });
    terminal.textarea?.setAttribute("aria-label", label);
    const session = new ExecSession(new WebSocket(begun.url), begun.token, {
      onBegun: () => {
        listener.current.onBegun();
        terminal.focus();
      },
      onOutput: (data) => { terminal.write(data); },
      onEnd: (code, reason) => {
        terminal.options.disableStdin = true;
        terminal.options.cursorBlink = false;
        listener.current.onEnd(code, reason);
      },
    });
    terminal.onData((text) => { session.type(text); });
    terminal.onResize(({ cols, rows }) => { session.resize(cols, rows); });
    fit.fit();
    session.resize(terminal.cols, terminal.rows);
    const sizes = new ResizeObserver(() => { fit.fit(); });
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      session.close();
      terminal.dispose();
    };
  }, [begun, label]);
  return <div className="exec-terminal" ref={place} />;
}
