// A terminal for an ECS Exec session. It fills its container and sends its size to the command.

import { FitAddon } from "@xterm/addon-fit";
import { Terminal as Xterm } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef } from "react";
import type { ExecConnection } from "../../aws/exec.ts";
import { ExecSession } from "../../channel/session.ts";
import { withAdoptedStyles } from "../../channel/adoptedStyles.ts";
import "./Terminal.css";

export interface TerminalProps {
  readonly connection: ExecConnection;
  readonly label: string;
  readonly onOpen: () => void;
  readonly onEnd: (code: number | null, reason: string) => void;
}

const SCROLLBACK_LINES = 5000;

export default function Terminal({ connection, label, onOpen, onEnd }: TerminalProps) {
  const containerRef = useRef<HTMLDivElement>(null);
  const latestCallbacks = useRef({ onOpen, onEnd });
  useEffect(() => {
    latestCallbacks.current = { onOpen, onEnd };
  });
  useEffect(() => {
    const element = containerRef.current;
    if (!element) return undefined;
    const terminal = new Xterm({
      fontFamily: 'Monaco, Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 13,
      cursorBlink: true,
      scrollback: SCROLLBACK_LINES,
      screenReaderMode: true,
      theme: { background: "#0f141a", foreground: "#ebebf0" },
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    withAdoptedStyles(document, () => { terminal.open(element); });
    terminal.textarea?.setAttribute("aria-label", label);
    const session = new ExecSession(new WebSocket(connection.url), connection.token, {
      onOpen: () => {
        latestCallbacks.current.onOpen();
        terminal.focus();
      },
      onOutput: (data) => { terminal.write(data); },
      onEnd: (code, reason) => {
        terminal.options.disableStdin = true;
        terminal.options.cursorBlink = false;
        latestCallbacks.current.onEnd(code, reason);
      },
    });
    terminal.onData((text) => { session.sendText(text); });
    terminal.onResize(({ cols, rows }) => { session.resize(cols, rows); });
    fit.fit();
    session.resize(terminal.cols, terminal.rows);
    const observer = new ResizeObserver(() => { fit.fit(); });
    observer.observe(element);
    return () => {
      observer.disconnect();
      session.close();
      terminal.dispose();
    };
  }, [connection, label]);
  return <div className="exec-terminal" ref={containerRef} />;
}
