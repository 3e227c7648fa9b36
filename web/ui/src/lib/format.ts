// Decimals stay strings: grouping, sign and rounding for display are done on the digits.

/** Rounds a decimal string half away from zero to `places`, without floating point. */
export function round_decimal(text: string, places: number): string {
  const negative = text.startsWith('-');
  const [whole = '0', fraction = ''] = text.replace(/^[+-]/, '').split('.');
  const kept = (fraction + '0'.repeat(places + 1)).slice(0, places + 1);
  let scaled = BigInt(whole + kept.slice(0, places));
  if (kept.charAt(places) >= '5') scaled += 1n;
  const digits = scaled.toString().padStart(places + 1, '0');
  const value = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return negative && scaled !== 0n ? `-${value}` : value;
}

/** "+1,234.50", with a true minus sign; `signed` also marks gains. */
export function format_amount(text: string, places = 2, signed = false): string {
  const rounded = round_decimal(text, places);
  const negative = rounded.startsWith('-');
  const [whole = '0', fraction] = rounded.replace('-', '').split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const sign = negative ? '\u2212' : signed && /[1-9]/.test(rounded) ? '+' : '';
  return sign + grouped + (fraction === undefined ? '' : `.${fraction}`);
}

/** Exact sum of decimal strings. */
export function add_decimals(a: string, b: string): string {
  const places = Math.max((a.split('.')[1] ?? '').length, (b.split('.')[1] ?? '').length);
  const scale = (text: string) => {
    const negative = text.startsWith('-');
    const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
    const value = BigInt(whole + fraction.padEnd(places, '0'));
    return negative ? -value : value;
  };
  const sum = scale(a) + scale(b);
  const digits = (sum < 0n ? -sum : sum).toString().padStart(places + 1, '0');
  const value = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return sum < 0n ? `-${value}` : value;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];

export function format_ago(at: string, now_ms: number): string {
  const passed_s = Math.round((Date.parse(at) - now_ms) / 1000);
  const [unit, size] = steps.find(([, s]) => Math.abs(passed_s) >= s) ?? ['second', 1];
  return relative.format(Math.trunc(passed_s / size), unit);
}

export function format_utc(at: string): string {
  return `${at.slice(0, 19).replace('T', ' ')} UTC`;
}

/** "heard 2 s ago, answers in 35 ms": what is known of a connection; empty when nothing is. */
export function format_health(health: { account: { message_age_ms: number | null; latency_median_ms: number | null } }): string {
  const { message_age_ms: age, latency_median_ms: latency } = health.account;
  const parts = [];
  if (age !== null) parts.push(`heard ${Math.round(age / 1000)} s ago`);
  if (latency !== null) parts.push(`answers in ${latency} ms`);
  return parts.join(', ');
}
