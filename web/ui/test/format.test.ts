import { describe, expect, it } from 'vitest';

import { add_decimals, format_amount, format_ago, format_health, round_decimal } from '../src/lib/format';
import { reconnect_delay_ms } from '../src/lib/live';
import { to_request } from '../src/parts/AccountForm';

describe('decimals', () => {
  it('keep digits that a double would lose', () => {
    expect(add_decimals('0.1', '0.2')).toBe('0.3');
    expect(add_decimals('9007199254740993.000000000000000001', '1')).toBe('9007199254740994.000000000000000001');
    expect(add_decimals('-0.5', '0.25')).toBe('-0.25');
    expect(add_decimals('2', '-2')).toBe('0');
  });
  it('round half away from zero', () => {
    expect(round_decimal('1.005', 2)).toBe('1.01');
    expect(round_decimal('-0.004', 2)).toBe('0.00');
    expect(round_decimal('-1.995', 2)).toBe('-2.00');
    expect(round_decimal('7', 0)).toBe('7');
  });
  it('are shown with grouping and a true sign', () => {
    expect(format_amount('1234567.891', 2, true)).toBe('+1,234,567.89');
    expect(format_amount('-1234.5')).toBe('\u22121,234.50');
    expect(format_amount('0', 2, true)).toBe('0.00');
  });
});

describe('relative time', () => {
  it('uses the largest unit that fits', () => {
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(format_ago('2026-01-01T23:59:00Z', now)).toBe('1 minute ago');
    expect(format_ago('2026-01-01T00:00:00Z', now)).toBe('yesterday');
  });
});

describe('reconnect', () => {
  it('backs off within bounds', () => {
    for (let attempt = 0; attempt < 20; ++attempt) {
      const wait = reconnect_delay_ms(attempt, 0.999);
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(15_250);
    }
    expect(reconnect_delay_ms(3, 0.9)).toBeGreaterThan(reconnect_delay_ms(0, 0.9));
  });
});

describe('account form', () => {
  const values = { exchange_name: 'binance', label: ' Main ', api_key: ' k ', api_secret: 's', passphrase: 'p', region: 'default' };
  it('sends no secret when only the label changes', () => {
    expect(to_request(values, false, false, true)).toEqual({ label: 'Main' });
  });
  it('trims and sends a passphrase only where the exchange has one', () => {
    expect(to_request(values, true, true, false)).toEqual({ exchange_name: 'binance', label: 'Main', api_key: 'k', api_secret: 's', passphrase: null });
    expect(to_request(values, true, true, true).passphrase).toBe('p');
  });
  it('names a region only when it is another one', () => {
    expect(to_request({ ...values, region: 'eu' }, false, false, true, 'eu')).toEqual({ label: 'Main' });
    expect(to_request(values, false, false, true, 'eu')).toEqual({ label: 'Main', region: 'default' });
  });
});

it('says what is known of a connection, and nothing more', () => {
  expect(format_health({ account: { message_age_ms: 2_400, latency_median_ms: 35 } })).toBe('heard 2 s ago, answers in 35 ms');
  expect(format_health({ account: { message_age_ms: null, latency_median_ms: 35 } })).toBe('answers in 35 ms');
  expect(format_health({ account: { message_age_ms: null, latency_median_ms: null } })).toBe('');
});
