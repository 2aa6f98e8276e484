// Stands before the pages: asks the server who is signed in, shows the login where one is needed, and below it gives every
// page where its requests go and what has changed.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Spinner from "@cloudscape-design/components/spinner";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { targetOf } from "../aws/config.ts";
import { TargetContext } from "../aws/useTarget.ts";
import { useText } from "../i18n/useText.ts";
import { Cache } from "../live/cache.ts";
import { Stream } from "../live/stream.ts";
import { LiveContext } from "../live/useLive.ts";
import { Login } from "./Login.tsx";
import { remember, remembered } from "./memory.ts";
import { fetchSession, logOut, mustLogIn, type Scope, type Session } from "./session.ts";

export interface Signed {
  readonly session: Session;
  readonly scope: Scope;
  readonly setScope: (scope: Scope) => void;
  readonly signOut: () => void;
}

const SignedContext = createContext<Signed | null>(null);
const RETRY = 2000; // ms

export function useSigned(): Signed {
  const found = useContext(SignedContext);
  if (!found) throw new Error("pages are below the session");
  return found;
}

export function SessionGate({ children }: { children: ReactNode }) {
  const text = useText();
  const [session, setSession] = useState<Session | null>(null);
  const [away, setAway] = useState(false);
  const ask = useCallback(() => {
    fetchSession().then(
      (found) => {
        setAway(false);
        setSession(found);
      },
      () => {
        setAway(true);
      },
    );
  }, []);
  useEffect(ask, [ask]);
  useEffect(() => {
    if (!away || session) return undefined;
    const timer = setInterval(ask, RETRY);
    return () => {
      clearInterval(timer);
    };
  }, [away, session, ask]);

  if (!session) {
    return (
      <Box padding="xxl" textAlign="center">
        {away ? (
          <Alert type="warning" header={text.app.connection.away} action={<Button onClick={ask}>{text.app.failed.retry}</Button>} />
        ) : (
          <Spinner size="large" />
        )}
      </Box>
    );
  }
  if (mustLogIn(session)) return <Login onSession={setSession} />;
  return (
    <Inside key={session.csrf} session={session} setSession={setSession} askAgain={ask}>
      {children}
    </Inside>
  );
}

interface InsideProps {
  session: Session;
  setSession: (session: Session) => void;
  askAgain: () => void;
  children: ReactNode;
}

function Inside({ session, setSession, askAgain, children }: InsideProps) {
  const [scope, setScope] = useState<Scope>(() => rememberedScope(session));
  const target = useMemo(() => targetOf(session, scope), [session, scope]);
  const live = useMemo(() => ({ cache: new Cache(), stream: new Stream(eventsUrl(scope), (url) => new EventSource(url)) }), [scope]);
  useEffect(() => {
    const { cache, stream } = live;
    const ends = [
      stream.onRing((ring) => {
        cache.ring(ring);
      }),
      stream.onState(() => {
        if (stream.state === "refused") askAgain(); // the session may have ended
      }),
    ];
    // A browser has six connections for all tabs of a server: one that nobody looks at leaves its own to the others.
    const look = () => {
      if (document.hidden) stream.close();
      else stream.start();
    };
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      document.removeEventListener("visibilitychange", look);
      ends.forEach((end) => {
        end();
      });
      stream.close();
    };
  }, [live, askAgain]);
  const signed = useMemo<Signed>(
    () => ({
      session,
      scope,
      setScope: (chosen) => {
        remember("scope", JSON.stringify(chosen));
        setScope(chosen);
      },
      signOut: () => {
        logOut(session).then(setSession, askAgain);
      },
    }),
    [session, scope, setSession, askAgain],
  );
  return (
    <SignedContext value={signed}>
      <TargetContext value={target}>
        <LiveContext value={live}>{children}</LiveContext>
      </TargetContext>
    </SignedContext>
  );
}

function eventsUrl(scope: Scope): string {
  return `/console/events?${new URLSearchParams({ account: scope.account, region: scope.region }).toString()}`;
}

/** The scope that was chosen last, where it is still there; else the only one, else the server's own. */
function rememberedScope(session: Session): Scope {
  const kept = remembered("scope");
  const found = session.scopes.find(({ account, region }) => JSON.stringify({ account, region }) === kept);
  return found ?? (session.scopes.length === 1 ? session.scopes[0] : undefined) ?? session.home;
}
