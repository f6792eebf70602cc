/** The parts of which times are written: months, times of day, zones. */

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
] as const;

/** 1 to 12, from the English name or its first three letters. */
export function monthOf(word: string): number | undefined {
  const lower = word.toLowerCase();
  const index = months.findIndex((name) => name === lower || name.slice(0, 3) === lower);
  return index < 0 ? undefined : index + 1;
}

const clock = /^(\d{1,2}):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?$/;

/** `08:49`, `08:49:37`, `084937`, `08:49:37.250` → milliseconds since midnight; a second may leap. */
export function readClock(text: string): number | undefined {
  if (/^\d{1,3}$|^\d{5}$/.test(text)) return undefined;
  const [, hours, minutes, seconds = '0', fraction = ''] = clock.exec(text) ?? [];
  if (hours === undefined || Number(hours) > 23) return undefined;
  if (Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return whole * 1000 + Math.floor(Number(`0.${fraction}`) * 1000);
}

const zone = /^(?:(?:utc|gmt|ut|z)|(?:utc|gmt)?([+-])(\d\d):?(\d\d)?)$/i;

/** UTC by any of its names, or a distance from it → milliseconds ahead of UTC. */
export function readZone(text: string): number | undefined {
  const match = zone.exec(text);
  if (match === null) return undefined;
  const [, sign, hours = '0', minutes = '0'] = match;
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined;
  const aheadMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? -aheadMs : aheadMs;
}
