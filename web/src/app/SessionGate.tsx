// Reads the session and shows the login form if the server requires it. Provides the pages with the session, the target of
// API requests, and live updates.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Spinner from "@cloudscape-design/components/spinner";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { targetOf } from "../aws/config.ts";
import { TargetContext } from "../aws/useTarget.ts";
import { useText } from "../i18n/useText.ts";
import { QueryCache } from "../live/queryCache.ts";
import { EventStream } from "../live/eventStream.ts";
import { LiveContext } from "../live/useLive.ts";
import { Login } from "./Login.tsx";
import { saveSetting, loadSetting } from "./localSettings.ts";
import { fetchSession, logOut, needsLogin, type Scope, type Session } from "./session.ts";

export interface ActiveSession {
  readonly session: Session;
  readonly scope: Scope;
  readonly setScope: (scope: Scope) => void;
  readonly signOut: () => void;
}

export const ActiveSessionContext = createContext<ActiveSession | null>(null);
const RETRY_INTERVAL = 2000; // ms

export function useActiveSession(): ActiveSession {
  const session = useContext(ActiveSessionContext);
  if (!session) throw new Error("useActiveSession needs a SessionGate");
  return session;
}

export function SessionGate({ children }: { children: ReactNode }) {
  const text = useText();
  const [session, setSession] = useState<Session | null>(null);
  const [isUnreachable, setIsUnreachable] = useState(false);
  const loadSession = useCallback(() => {
    fetchSession().then(
      (loaded) => {
        setIsUnreachable(false);
        setSession(loaded);
      },
      () => {
        setIsUnreachable(true);
      },
    );
  }, []);
  useEffect(loadSession, [loadSession]);
  useEffect(() => {
    if (!isUnreachable || session) return undefined;
    const timer = setInterval(loadSession, RETRY_INTERVAL);
    return () => {
      clearInterval(timer);
    };
  }, [isUnreachable, session, loadSession]);

  if (!session) {
    return (
      <Box padding="xxl" textAlign="center">
        {isUnreachable ? (
          <Alert type="warning" header={text.app.connection.lost} action={<Button onClick={loadSession}>{text.app.failed.retry}</Button>} />
        ) : (
          <Spinner size="large" />
        )}
      </Box>
    );
  }
  if (needsLogin(session)) return <Login onSession={setSession} />;
  return (
    <SessionProviders key={session.csrf} session={session} setSession={setSession} reloadSession={loadSession}>
      {children}
    </SessionProviders>
  );
}

interface SessionProvidersProps {
  session: Session;
  setSession: (session: Session) => void;
  reloadSession: () => void;
  children: ReactNode;
}

function SessionProviders({ session, setSession, reloadSession, children }: SessionProvidersProps) {
  const [scope, setScope] = useState<Scope>(() => initialScope(session));
  const target = useMemo(() => targetOf(session, scope), [session, scope]);
  const live = useMemo(() => ({ cache: new QueryCache(), stream: new EventStream(eventsUrl(scope), (url) => new EventSource(url)) }), [scope]);
  useEffect(() => {
    const { cache, stream } = live;
    const unsubscribe = [
      stream.onInvalidation((invalidation) => {
        cache.invalidate(invalidation);
      }),
      stream.onStateChange(() => {
        if (stream.state === "refused") reloadSession(); // the session may have ended
      }),
    ];
    // A browser has only six connections to a server for all tabs, so a hidden tab closes its stream.
    const onVisibilityChange = () => {
      if (document.hidden) stream.close();
      else stream.start();
    };
    document.addEventListener("visibilitychange", onVisibilityChange);
    onVisibilityChange();
    return () => {
      document.removeEventListener("visibilitychange", onVisibilityChange);
      unsubscribe.forEach((stop) => {
        stop();
      });
      stream.close();
    };
  }, [live, reloadSession]);
  const activeSession = useMemo<ActiveSession>(
    () => ({
      session,
      scope,
      setScope: (selected) => {
        saveSetting("scope", JSON.stringify(selected));
        setScope(selected);
      },
      signOut: () => {
        logOut(session).then(setSession, reloadSession);
      },
    }),
    [session, scope, setSession, reloadSession],
  );
  return (
    <ActiveSessionContext value={activeSession}>
      <TargetContext value={target}>
        <LiveContext value={live}>{children}</LiveContext>
      </TargetContext>
    </ActiveSessionContext>
  );
}

function eventsUrl(scope: Scope): string {
  return `/console/events?${new URLSearchParams({ account: scope.account, region: scope.region }).toString()}`;
}

/** The last selected scope if it still exists, or else the only one, or else the server's default. */
function initialScope(session: Session): Scope {
  const saved = loadSetting("scope");
  const lastSelected = session.scopes.find(({ account, region }) => JSON.stringify({ account, region }) === saved);
  return lastSelected ?? (session.scopes.length === 1 ? session.scopes[0] : undefined) ?? session.home;
}
