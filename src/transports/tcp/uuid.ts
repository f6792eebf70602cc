/** UUIDs of Agent Controllers. */

/** In lower case, as in certificates; undefined when the text is no UUID with hyphens. */
export function parseUuid(text: string): string | undefined {
  const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  return isUuid ? text.toLowerCase() : undefined;
}
