/** What an expression found, as a list: nothing, one or several. */
export function toList(found: unknown): readonly unknown[] {
  if (found === undefined || found === null) return [];
  return Array.isArray(found) ? found : [found];
}
