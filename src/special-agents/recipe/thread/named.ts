/** `$named`, which JSONata does not have: a list of names and values as one object. */

/**
 * `[{ "name": "read.ops", "value": 7 }]` → `{ "read_ops": 7 }` for `$named(list, ".", "_")`. Records
 * without a name or a value are left out; of a name that comes twice, the last counts.
 *
 * @param search what is replaced in names, everywhere; nothing when left out
 */
export function toNamed(
  list: unknown,
  search?: string,
  replacement = '',
): Readonly<Record<string, unknown>> {
  const named = new Map<string, unknown>();
  for (const record of Array.isArray(list) ? list : [list]) {
    if (typeof record !== 'object' || record === null) continue;
    const [name, value]: readonly unknown[] = ['name', 'value'].map((key) =>
      Object.hasOwn(record, key) ? Reflect.get(record, key) : undefined,
    );
    if (typeof name !== 'string' || value === undefined) continue;
    named.set(search ? name.replaceAll(search, () => replacement) : name, value);
  }
  return Object.fromEntries(named);
}
