// A worker may not come, after an update of the server or on a network that fails, and it may fail at its work.

/** Calls back when a worker could not be loaded, has failed, or has said what can't be read. */
export function whenLost(worker: Worker, onLost: () => void): void {
  worker.addEventListener("error", onLost);
  worker.addEventListener("messageerror", onLost);
}
