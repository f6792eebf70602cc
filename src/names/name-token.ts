/** Names of hosts as one token of a broker's subject or topic. */

/**
 * Every byte but letters, digits, `-` and `_` becomes `=` and two capital hex digits: no wildcard,
 * no second token, and two names never share one (mqtt.md#names, nats.md#subjects).
 */
export function encodeToken(name: string): string {
  return [...Buffer.from(name, 'utf8')].map(encodeByte).join('');
}

/** The name again; undefined for what {@link encodeToken} never writes. */
export function decodeToken(token: string): string | undefined {
  if (!/^(?:[\w-]|=[0-9A-F]{2})+$/.test(token)) return undefined;
  const percented = token.replaceAll('=', '%');
  try {
    const name = decodeURIComponent(percented);
    return encodeToken(name) === token ? name : undefined;
  } catch {
    return undefined;
  }
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[\w-]/.test(character)) return character;
  return `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
