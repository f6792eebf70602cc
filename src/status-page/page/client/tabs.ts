/**
 * One stream for a browser, which allows few connections to a server: the tab that somebody turned
 * to last has it, others that can be seen ask now and then, hidden ones do nothing.
 */

export interface Turns {
  /** This tab is the one. */
  onLead(): void;
  /** Another one is, and this one can be seen. */
  onFollow(): void;
  onHidden(): void;
}

export function takeTurns(basePath: string, { onLead, onFollow, onHidden }: Turns): void {
  const channel = new BroadcastChannel(`cmk-courier ${basePath}`);
  let isLeading = false;
  const lead = () => {
    if (isLeading || document.visibilityState !== 'visible') return;
    isLeading = true;
    channel.postMessage('leads');
    onLead();
  };
  channel.addEventListener('message', () => {
    isLeading = false;
    if (document.visibilityState === 'visible') onFollow();
  });
  document.addEventListener('visibilitychange', () => {
    isLeading = false;
    if (document.visibilityState === 'visible') lead();
    else onHidden();
  });
  addEventListener('focus', lead);
  addEventListener('online', () => {
    isLeading = false;
    lead();
  });
  lead();
}
