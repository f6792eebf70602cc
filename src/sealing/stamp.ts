/** Times in signed documents: 14 digits of UTC, which compare as texts. */

const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;

/** `20261127233137`: year, month, day, hour, minute, second. */
export function isStamp(text: string): boolean {
  return digits.test(text) && toStamp(fromStamp(text)) === text;
}

/** An invalid date for what is no stamp. */
export function fromStamp(text: string): Date {
  return new Date(text.replace(digits, '$1-$2-$3T$4:$5:$6Z'));
}

/** Whole seconds, rounded down. */
export function toStamp(time: Date): string {
  if (Number.isNaN(time.getTime())) return '';
  return time.toISOString().slice(0, 19).replace(/\D/g, '');
}

/** The day of a moment in that form, as people read it: `2028-11-27`. */
export function toDay(stamp: string): string {
  return [stamp.slice(0, 4), stamp.slice(4, 6), stamp.slice(6, 8)].join('-');
}
