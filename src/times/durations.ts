/** Lengths of time in words for people. */

const units: readonly (readonly [unitMs: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
];

/** `47m12s`, `5m`, `3d4h`, `250ms`: at most two units, rounded down. */
export function formatDuration(durationMs: number): string {
  const index = units.findIndex(([unitMs]) => durationMs >= unitMs);
  const [unitMs, name] = units[index] ?? [1, 'ms'];
  const [nextMs, nextName] = units[index + 1] ?? [0, ''];
  const count = Math.floor(durationMs / unitMs);
  const rest = index >= 0 && nextMs > 0 ? Math.floor((durationMs % unitMs) / nextMs) : 0;
  return `${count}${name}${rest > 0 ? `${rest}${nextName}` : ''}`;
}

/** How long something may take, as exact as it matters: `250ms`, `1.5s`, `50s`, `2m30s`. */
export function formatLimit(limitMs: number): string {
  if (limitMs < 1000) return `${Math.ceil(limitMs)}ms`;
  const tenths = Math.round(limitMs / 100);
  return tenths < 100 ? `${tenths / 10}s` : formatDuration(Math.round(limitMs / 1000) * 1000);
}
