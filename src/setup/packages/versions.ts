/** Versions of Checkmk: `2.4.0`, `2.4.0p3`, `2.5.0b1`, `2.4.0i1`, `2.3.0-2024.05.06`, `2.5`. */

const form = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4})(?:([ibp])(\d{1,5}))?)?(?:-\d{4}\.\d{2}\.\d{2})?$/;

/** Innovation and beta come ahead of the release, patches behind it. */
const ranks: Readonly<Record<string, number>> = { i: -2, b: -1, p: 1 };

export function isUsualVersion(text: string): boolean {
  return form.test(text);
}

/** Below 0 where `one` is older. Daily builds count as what they are built upon. */
export function compareVersions(one: string, other: string): number {
  const [ours, theirs] = [toNumbers(one), toNumbers(other)];
  const at = ours.findIndex((number, index) => number !== theirs[index]);
  return at < 0 ? 0 : (ours[at] ?? 0) - (theirs[at] ?? 0);
}

function toNumbers(text: string): readonly number[] {
  const [, major, minor, sub, letter = '', number] = form.exec(text) ?? [];
  return [major, minor, sub].map(toNumber).concat(ranks[letter] ?? 0, toNumber(number));
}

const toNumber = (text = '0') => Number(text);
