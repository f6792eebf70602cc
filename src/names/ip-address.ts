/** What is an IP address. */

/**
 * `fe80::1`, also with a zone as in `fe80::1%eth0`.
 *
 * node:net is loaded only for what has a colon: it brings all streams along, 3 ms of every start.
 */
export function isIpv6Address(text: string): boolean {
  return text.includes(':') && process.getBuiltinModule('node:net').isIPv6(text);
}

const expressionFlag = 'regexp-peephole-optimization';

/**
 * To be called before a host is given to node:net or node:dns. They hold every name against an
 * expression for IPv6 addresses that V8 takes 4 ms to prepare, most of them for a speed that
 * nobody notices who asks once; without that it takes 1 ms. The flag is as it was when this
 * returns, and with it the code caches, which are good under the same flags only.
 */
export function prepareNameCheck(host: string): void {
  if (isPrepared || /^[\d.]*$/.test(host)) return;
  isPrepared = true;
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString(`--no-${expressionFlag}`);
  process.getBuiltinModule('node:net').isIPv6(host);
  setFlagsFromString(`--${expressionFlag}`);
}

let isPrepared = false;
