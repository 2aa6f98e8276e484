// The root of the console: preferences, session, router, pages.

import { I18nProvider } from "@cloudscape-design/components/i18n";
import enMessages from "@cloudscape-design/components/i18n/messages/all.en";
import jaMessages from "@cloudscape-design/components/i18n/messages/all.ja";
import type { ReactNode } from "react";
import { BrowserRouter } from "react-router";
import { useLanguage } from "../i18n/useText.ts";
import { FlashProvider } from "./flash.tsx";
import { BASE, LinkInterceptor } from "./links.tsx";
import { PreferencesProvider } from "./preferences.tsx";
import { Pages } from "./routes.tsx";
import { SessionGate } from "./SessionGate.tsx";
import { TopBar } from "./TopBar.tsx";

export function App() {
  return (
    <PreferencesProvider>
      <CloudscapeMessages>
        <SessionGate>
          <BrowserRouter basename={BASE} useTransitions={false}>
            <FlashProvider>
              <LinkInterceptor>
                <TopBar />
                <Pages />
              </LinkInterceptor>
            </FlashProvider>
          </BrowserRouter>
        </SessionGate>
      </CloudscapeMessages>
    </PreferencesProvider>
  );
}

/** The built-in texts of Cloudscape components, in the user's language. */
export function CloudscapeMessages({ children }: { children: ReactNode }) {
  return (
    <I18nProvider locale={useLanguage()} messages={[enMessages, jaMessages]}>
      {children}
    </I18nProvider>
  );
}
