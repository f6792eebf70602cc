/** Strikes every secret the program has read out of whatever it prints. */

/** Longest first: what is struck out must not leave the rest of a longer one behind. */
let known: readonly string[] = [];

/** Shorter secrets would also strike out ordinary words, and are no secrets. */
const shortestSecret = 4;

/** From now on `text`, and the forms it takes on the wire, are struck out by {@link redactSecrets}. */
export function registerSecret(text: string): void {
  if (text.length < shortestSecret) return;
  const forms = [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text.toWellFormed()),
    // As in a form, where a blank is a plus.
    new URLSearchParams({ '': text }).toString().slice(1),
    Buffer.from(text).toString('base64'),
  ];
  known = [...new Set([...known, ...forms])].sort((a, b) => b.length - a.length);
}

/** The same text with `[secret]` in place of every secret read so far. */
export function redactSecrets(text: string): string {
  let redacted = text;
  for (const secret of known) redacted = redacted.replaceAll(secret, '[secret]');
  return redacted;
}
