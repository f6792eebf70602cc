/** Dates as certificates count them, and as people read them. */

/**
 * The same day and time that many calendar months later, in UTC and whole seconds; the month's last day
 * where it has no such day: 31 January and a month are 28 or 29 February.
 */
export function addMonths(date: Date, months: number): Date {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const later = new Date(date);
  later.setUTCFullYear(year, month, Math.min(date.getUTCDate(), lastDay));
  later.setUTCMilliseconds(0);
  return later;
}

/** `2026-01-31T12:00:00Z` */
export function toTime(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '');
}
