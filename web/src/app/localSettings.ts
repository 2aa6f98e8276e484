// Settings in the browser's local storage. They never contain keys or data from the server.

const PREFIX = "moyai.";

export function loadSetting(name: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + name);
  } catch {
    return null; // local storage is blocked
  }
}

export function saveSetting(name: string, value: string): void {
  try {
    window.localStorage.setItem(PREFIX + name, value);
  } catch {
    // local storage is blocked: the setting lasts until the page is closed
  }
}
