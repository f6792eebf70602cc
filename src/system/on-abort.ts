/** Listening to signals that live longer than their listeners. */

interface Listening {
  readonly acts: Set<() => void>;
  /** The one listener that the signal itself has. */
  readonly tellAll: () => void;
}

const listenings = new WeakMap<AbortSignal, Listening>();

/**
 * Calls `act` when the signal aborts, unless that has happened already. All who listen to a signal
 * share one listener of it: adding and removing that for each fetch costs more than the set does.
 *
 * @returns ends the listening, and leaves nothing at the signal with the last one; may be called twice
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const { acts, tellAll } = listenings.get(signal) ?? listen(signal);
  acts.add(act);
  return () => {
    if (!acts.delete(act) || acts.size > 0) return;
    signal.removeEventListener('abort', tellAll);
    listenings.delete(signal);
  };
}

function listen(signal: AbortSignal): Listening {
  const acts = new Set<() => void>();
  const tellAll = () => {
    for (const act of acts) act();
  };
  const listening = { acts, tellAll };
  listenings.set(signal, listening);
  signal.addEventListener('abort', tellAll, { once: true });
  return listening;
}
