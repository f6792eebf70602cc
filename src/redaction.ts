/** Strikes every secret the program has read out of whatever it prints. */

const known = new Set<string>();

/** Shorter secrets would also strike out ordinary words, and are no secrets. */
const shortestSecret = 4;

/** From now on `text`, and the forms it takes on the wire, are struck out by {@link redactSecrets}. */
export function registerSecret(text: string): void {
  if (text.length < shortestSecret) return;
  known.add(text);
  known.add(encodeURIComponent(text));
  known.add(Buffer.from(text).toString('base64'));
}

/** The same text with `[secret]` in place of every secret read so far. */
export function redactSecrets(text: string): string {
  let redacted = text;
  for (const secret of known) redacted = redacted.replaceAll(secret, '[secret]');
  return redacted;
}
