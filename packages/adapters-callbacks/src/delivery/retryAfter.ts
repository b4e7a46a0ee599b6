import type { Instant } from '@recalld/domain';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms of an HTTP date (RFC 9110, 5.6.7); the day of the week is not looked at. */
const dateForms = [
  /^\w{3}, (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^\w{6,9}, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/**
 * How long a Retry-After header asks to wait from now, ms, never below 0; null when the header is not
 * there or says nothing that can be understood. Unbounded: whoever waits bounds it.
 */
export function retryAfterMs(header: unknown, now: Instant): number | null {
  if (typeof header !== 'string') return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER);
  const at = httpDate(text, now);
  return at === null ? null : Math.max(0, at - now);
}

function httpDate(text: string, now: Instant): Instant | null {
  const parts = dateForms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return null;
  const month = months.indexOf(parts['month'] ?? '');
  const [hour = 0, minute = 0, second = 0] = (parts['time'] ?? '').split(':').map(Number);
  const year = fullYear(parts['year'] ?? '', now);
  const day = Number(parts['day']);
  const at = Date.UTC(year, month, day, hour, minute, second);
  // A month that is unknown, 30 February or 25 o'clock move the date on; a leap second may.
  const date = new Date(at - (second === 60 ? 1_000 : 0));
  const isReal = date.getUTCMonth() === month && date.getUTCDate() === day && date.getUTCHours() === hour;
  return isReal && minute < 60 && second <= 60 ? at : null;
}

/** Two digits mean the year within fifty years from now that ends in them. */
function fullYear(text: string, now: Instant): number {
  if (text.length === 4) return Number(text);
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(text);
  return year > thisYear + 50 ? year - 100 : year;
}
