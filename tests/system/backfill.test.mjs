// Markets that are recorded without any bot, at every venue, and streams that break: what the venues' lists still hold of the missed
// trades is asked for again, and is there to the last one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { pause, until, World } from './harness.mjs';

const venues = ['binance', 'bybit', 'okx', 'gate', 'mexc', 'kucoin', 'coinbase', 'coinbaseexchange', 'kraken'];
/** Only their latest list is to be had, which may begin later than the gap. */
const latest_only = ['bybit', 'kucoin'];
const name_of = (venue) => `${venue}_recorded`;
/** Nobody can connect; the market goes on. */
const outage_ms = 4_000;
const settle_limit_ms = 40_000;

let world;

before(async () => {
  world = await World.create({ start: false, paper_args: ['--step-ms', '50', '--no-limits'] });
  const extra = venues.map((venue) => {
    const url = `${world.paper}/${venue}`;
    const ws = url.replace('http://', 'ws://');
    return `  - {name: ${name_of(venue)}, dialect: ${venue}, rest_url: "${url}", stream_url: "${ws}", ws_api_url: "${ws}", record_symbols: [BTC/USDT]}`;
  }).join('\n');
  world.write_config({ extra });
  await world.start_engine();
});
after(() => world.close());

const count = (sql) => Number(world.sql(sql));
const frames_of = (venue) => count(`SELECT count(*) FROM raw_records WHERE stream = '${name_of(venue)}.market'`);
/** Gaps of one venue's trades. */
const gaps_of = (venue) => world.rows(`SELECT state, outcome FROM data_gaps WHERE stream = '${name_of(venue)}.market' AND channel = 'trades'`);

test('what the configuration names is recorded at every venue', async () => {
  for (const venue of venues) await until(`frames of ${venue}`, () => frames_of(venue) > 20, 30_000);
});

test('a stream that breaks leaves gaps, which are filled as far as the venue remembers', async (t) => {
  const plan = (fault) => world.must('POST', '/paper/faults', { base: world.paper, body: fault });
  for (const venue of venues) await plan({ kind: 'error_5xx', venue, count: -1 });
  for (const venue of venues) await plan({ kind: 'reset', websocket: true, venue, count: 1 });
  await pause(outage_ms);
  await world.must('DELETE', '/paper/faults', { base: world.paper });
  for (const venue of venues) {
    const gaps = await until(`settled gaps of ${venue}`, () => {
      const now = gaps_of(venue);
      return now.length > 0 && now.every(([state]) => state !== 'open') && now;
    }, settle_limit_ms);
    t.diagnostic(`${venue}: ${gaps.map(([state, outcome]) => `${state}: ${outcome}`).join('; ')}`);
    for (const [state, outcome] of gaps) {
      assert.ok(outcome.length > 0, venue);
      if (!latest_only.includes(venue)) assert.equal(state, 'filled', `${venue}: ${outcome}`);
    }
    await until(`recorded answers of ${venue}`, () => count(`SELECT count(*) FROM raw_records WHERE stream = '${name_of(venue)}.rest' AND operation = 'trades'`) > 0, 10_000);
  }
});

test('no trade is missing between the first and the last one that was recorded', async () => {
  const checked = world.try_run(['-c', world.config, 'raw', 'check', '--from', new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)]);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
});
