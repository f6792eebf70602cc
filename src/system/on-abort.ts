/** Listening to signals that outlive those who listen. */

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `act` when the signal aborts, unless that has happened already. Who has left a signal does
 * not keep alive who came after him, as a listener of an EventTarget does in Node: with thousands of
 * listeners in turn, nothing would be young enough to be cleared away cheaply.
 *
 * @returns ends the listening; may be called twice
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const acts = listeners.get(signal) ?? listen(signal);
  acts.add(act);
  return () => acts.delete(act);
}

function listen(signal: AbortSignal): Set<() => void> {
  const acts = new Set<() => void>();
  listeners.set(signal, acts);
  const tellAll = () => {
    for (const act of acts) act();
  };
  signal.addEventListener('abort', tellAll, { once: true });
  return acts;
}
