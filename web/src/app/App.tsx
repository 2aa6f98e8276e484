// Everything, from the outside in: the reader's choices, the session, the address, the page.

import { I18nProvider } from "@cloudscape-design/components/i18n";
import enMessages from "@cloudscape-design/components/i18n/messages/all.en";
import jaMessages from "@cloudscape-design/components/i18n/messages/all.ja";
import type { ReactNode } from "react";
import { BrowserRouter } from "react-router";
import { useLanguage } from "../i18n/useText.ts";
import { FlashProvider } from "./flash.tsx";
import { BASE, Followed } from "./links.tsx";
import { PreferencesProvider } from "./preferences.tsx";
import { Pages } from "./routes.tsx";
import { SessionGate } from "./SessionGate.tsx";
import { TopBar } from "./TopBar.tsx";

export function App() {
  return (
    <PreferencesProvider>
      <Words>
        <SessionGate>
          <BrowserRouter basename={BASE} useTransitions={false}>
            <FlashProvider>
              <Followed>
                <TopBar />
                <Pages />
              </Followed>
            </FlashProvider>
          </BrowserRouter>
        </SessionGate>
      </Words>
    </PreferencesProvider>
  );
}

/** Cloudscape's own words, in the reader's language. */
export function Words({ children }: { children: ReactNode }) {
  return (
    <I18nProvider locale={useLanguage()} messages={[enMessages, jaMessages]}>
      {children}
    </I18nProvider>
  );
}
