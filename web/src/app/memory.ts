// What this browser remembers between visits: choices, never a key nor anything read from the server.

const PREFIX = "moyai.";

export function remembered(name: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage is closed to us: nothing is remembered
  }
}

export function remember(name: string, value: string): void {
  try {
    window.localStorage.setItem(PREFIX + name, value);
  } catch {
    // then it holds for this page alone
  }
}
