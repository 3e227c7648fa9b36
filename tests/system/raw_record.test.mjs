// Every byte kept (RELIABILITY REL-40…42, SPEC E3 and E4): what the exchange said is in the database in order and once, whatever
// happens to the engine or to PostgreSQL; the tables for people follow from it alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Cluster, pause, until, World } from './harness.mjs';
import { quarantined, read_spool } from './spool.mjs';

const tables = ['formatted_balances', 'formatted_orders', 'formatted_fills', 'formatted_candles'];
const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

const kills = Number(process.env.DROVER_RAW_KILLS ?? 4);
const outage_ms = 4_000;
const wave = [59_900, 60_130, 59_850, 60_200, 59_950, 60_100];
const wave_pause_ms = 20;

let cluster;
let world;
let admin;
let tenant;
let account;
let waving;

/** Moves the price up and down through the bot's orders until `waving.stop`; each step is frames for the engine. */
function start_waves() {
  const now = { stop: false };
  now.ended = (async () => {
    for (let i = 0; !now.stop; ++i) {
      // Fails at the very end, when the exchange is gone.
      await world.set_price(wave[i % wave.length]).catch(() => (now.stop = true));
      await pause(wave_pause_ms);
    }
  })();
  return now;
}

before(async () => {
  cluster = new Cluster();
  world = await World.create({ connection: cluster.connection,
    config: { bots: { venue_processing_bound: '1s', validity_window: '1s', send_limit: '1s', backoff_floor: '50ms' } } });
  ({ admin, tenant, account } = await world.add_trader());
  waving = start_waves();
});
after(async () => {
  if (waving) waving.stop = true;
  await world?.close();
  cluster?.remove();
});

const command = (...args) => world.try_run(['-c', world.config, ...args]);
const json_of = (...args) => {
  const done = command(...args, '-o', 'json');
  assert.equal(done.status, 0, `engine ${args.join(' ')}: ${done.stderr}`);
  return JSON.parse(done.stdout);
};
const spool = () => read_spool(`${world.folder}/spool`);
const key_of = (r) => `${r.stream}/${r.sequence}`;
/** A figure of /metrics by name and labels; nothing when it is not there. */
async function metric(name) {
  const answer = await world.call('GET', '/metrics', { token: admin.token });
  const line = answer.text.split('\n').find((l) => l.startsWith(`${name} `));
  return line && Number(line.slice(name.length + 1));
}
const fill_count = async () => (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key).fills.length;

async function until_fills(more, limit_ms = 60_000) {
  const least = (await fill_count()) + more;
  await until(`${more} more fills`, async () => (await fill_count()) >= least, limit_ms);
}

/** Every number of the stream is one row, raw record or gap, and the rows came in their order. */
function check_streams() {
  const twice = world.rows('SELECT stream, sequence FROM raw_records GROUP BY 1, 2 HAVING count(*) > 1');
  assert.deepEqual(twice, [], 'stored twice');
  const both = world.rows('SELECT stream, sequence FROM raw_records JOIN data_gaps USING (stream, sequence)');
  assert.deepEqual(both, [], 'a number is a record and a gap');
  const holes = world.rows(`SELECT stream, before, sequence FROM (SELECT stream, sequence, lag(sequence) OVER (PARTITION BY stream ORDER BY sequence) AS before
    FROM (SELECT stream, sequence FROM raw_records UNION ALL SELECT stream, sequence FROM data_gaps) n) s WHERE sequence <> before + 1`);
  assert.deepEqual(holes, [], 'numbers are missing');
  // A batch is a transaction, and these count up: no later one may hold an earlier number.
  const disorder = world.rows(`SELECT stream, batch, first FROM (SELECT stream, batch, first, max(last) OVER (PARTITION BY stream ORDER BY batch
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (SELECT stream, xmin::text::bigint AS batch, min(sequence) AS first, max(sequence) AS last
    FROM raw_records GROUP BY 1, 2) b) s WHERE first < before`);
  assert.deepEqual(disorder, [], 'stored in another order than received');
  const checked = json_of('raw', 'check', '--from', yesterday);
  assert.equal(checked.complete, true);
  assert.deepEqual(checked.streams.filter((s) => s.silent !== 0), []);
}

/** All of `records` are rows with the same bytes. */
async function until_stored(records) {
  const wanted = new Map(records.map((r) => [key_of(r), r]));
  assert.equal(wanted.size, records.length, 'a number is twice in the spool');
  const least = records.reduce((min, r) => (r.received_ns < min ? r.received_ns : min), records[0].received_ns);
  const stored = () => new Map(world.rows(`SELECT stream, sequence, encode(body, 'hex') FROM raw_records WHERE received_ns >= ${least}
    UNION ALL SELECT stream, sequence, '' FROM data_gaps`).map(([stream, sequence, body]) => [`${stream}/${sequence}`, body]));
  const rows = await until('records of the spool stored', () => {
    const now = stored();
    return [...wanted.keys()].every((key) => now.has(key)) && now;
  }, 30_000);
  for (const [key, record] of wanted) if (!record.gap) assert.equal(rows.get(key), record.body.toString('hex'), `other bytes in ${key}`);
}

/** What the engine acted on must have been written before: each fill that it booked was said in a raw record. */
function check_fills_were_recorded(records) {
  const said = new Set(world.rows("SELECT encode(body, 'escape') FROM raw_records WHERE stream = 'binance.user' OR operation IN ('fills', 'create_order', 'query_order')")
    .map(([body]) => body).concat(records.map((r) => String(r.body))).flatMap((body) => [...body.matchAll(/"(?:t|id|tradeId)":\s*"?(\d+)/g)].map((m) => m[1])));
  const booked = world.rows(`SELECT trade_id FROM fills WHERE account_id = ${account.id}`).map(([id]) => id);
  assert.ok(booked.length > 0);
  assert.deepEqual(booked.filter((id) => !said.has(id)), [], 'fills were booked that no raw record names');
}

test('the recorder writes while the bot trades; status, gaps and check tell of it', async () => {
  await until_fills(5);
  const streams = await until('streams compiled', () => {
    const now = json_of('raw', 'status');
    return ['binance.rest', 'binance.market', 'binance.user'].every((name) => now.some((s) => s.stream === name && s.compiled_to > 0)) && now;
  }, 30_000);
  for (const s of streams) {
    assert.ok(s.compiled_to <= s.last_sequence && s.rows_compiled > 0, JSON.stringify(s));
    assert.equal(s.rejected, 0, JSON.stringify(world.rows('SELECT stream, operation, reason FROM formatted_rejects LIMIT 3')));
  }
  assert.match(command('raw', 'status').stdout, /^stream +last +compiled to .*\nbinance\.market /s);
  assert.ok(Array.isArray(json_of('raw', 'gaps', '--all', '--limit', '5')));
  const checked = command('raw', 'check', '--from', yesterday);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /nothing is missing silently\n$/);
  assert.equal(checked.stderr, '');
});

test('wrong use of the commands is one clear error with its exit code', () => {
  for (const [args, status, says] of [
    [['raw', 'check', '--from', 'nonsense'], 2, /'nonsense' is neither a date .* nor a time/],
    [['rebuild', '--from', yesterday, '--to', 'tomorrow'], 2, /'tomorrow'/],
    [['rebuild'], 2, /--from/],
    [['raw'], 2, /subcommand/i],
    [['raw', 'gaps', '--limit', '0'], 2, /--limit/],
    [['rebuild', '--from', yesterday, '--tables', 'order'], 2, /order/],
  ]) {
    const done = command(...args);
    assert.equal(done.status, status, `engine ${args.join(' ')}: ${done.stdout}${done.stderr}`);
    assert.match(done.stderr, says);
    assert.equal(done.stdout, '');
  }
  assert.equal(world.try_run(['-c', `${world.folder}/none.yaml`, 'raw', 'status']).status, 78);
});

test('kill -9 while frames flow: what was read is stored after the restart, in order and once; what was missed is a gap row', async () => {
  for (let round = 0; round < kills; ++round) {
    await until('records in the spool', () => spool().filter((r) => !r.gap).length > 20, 20_000);
    await pause(Math.floor(Math.random() * 700));
    await world.kill_engine('SIGKILL');
    const left = spool();
    assert.ok(left.length > 0, 'nothing was in the spool');
    check_fills_were_recorded(left);
    const last = new Map();
    for (const r of left) if (r.stream.startsWith('binance.')) last.set(r.stream, r);
    await pause(500);
    await world.start_engine();
    await until_stored(left);
    await world.until_bot(tenant, account, 'running', 20_000);
    for (const [stream, record] of last)
      await until(`a gap row of ${stream}`, () => world.sql(`SELECT count(*) FROM data_gaps WHERE stream = '${stream}' AND sequence > ${record.sequence}
        AND reason = 'the engine was not running' AND account = '${stream.endsWith('.user') ? account.id : ''}' AND extract(epoch FROM gap_from) * 1000 <= ${record.received_ns / 1_000_000n + 1n} AND gap_to > gap_from`) === '1', 20_000);
    check_streams();
  }
});

test('killed between the commit and the removal of the file: sent again, stored once', async () => {
  await world.kill_engine('SIGKILL');
  await world.start_engine({ ENGINE_FAILPOINT: 'raw.after_store_before_ack:kill:3' });
  const how = await until('death', () => world.engine.how, 20_000);
  assert.equal(how.signal, 'SIGKILL');
  const left = spool();
  const stored = new Set(world.rows('SELECT stream, sequence FROM raw_records UNION ALL SELECT stream, sequence FROM data_gaps').map(([s, n]) => `${s}/${n}`));
  assert.ok(left.some((r) => stored.has(key_of(r))), 'the segment was not stored yet');
  await world.start_engine();
  await until_stored(left);
  await world.until_bot(tenant, account, 'running', 20_000);
  check_streams();
});

test('PostgreSQL crashes during the flow: files only, then everything in order, nothing lost, nothing twice', async () => {
  await until_fills(1);
  const dropped_before = world.sql("SELECT count(*) FROM data_gaps WHERE reason LIKE '%dropped%'");
  cluster.stop('immediate');
  const begun = Date.now();
  const first = spool().length;
  assert.equal(command('raw', 'status').status, 69);
  assert.equal(command('rebuild', '--from', yesterday).status, 69);
  await until('the spool grows', () => Date.now() - begun > outage_ms && spool().length > first + 100, 30_000);
  assert.equal(world.engine.how, undefined, 'the engine died');
  const backlog = await metric('engine_raw_spool_bytes');
  assert.ok(backlog > 10_000, `backlog ${backlog}`);
  const waiting = spool();
  const numbers = new Map();
  for (const r of waiting) {
    const before = numbers.get(r.stream);
    assert.ok(before === undefined || r.sequence === before + 1n, `${key_of(r)} follows ${before}`);
    numbers.set(r.stream, r.sequence);
  }
  cluster.start();
  await until_stored(waiting);
  await world.until_bot(tenant, account, 'running', 30_000);
  await until_fills(1);
  await until('an empty backlog', async () => (await metric('engine_raw_spool_bytes')) < backlog / 2);
  assert.ok((await metric('engine_raw_stored_sequence{stream="binance.user"}')) >= Number(waiting.findLast((r) => r.stream === 'binance.user').sequence));
  check_streams();
  assert.deepEqual(quarantined(`${world.folder}/spool`), []);
  assert.equal(world.sql("SELECT count(*) FROM data_gaps WHERE reason LIKE '%dropped%'"), dropped_before);
});

test('the tables name their raw rows, say what the exchange did, and are rebuilt the same', async () => {
  await until_fills(3);
  const state = await world.paper_state();
  const mine = state.accounts.find((a) => a.api_key === account.keys.api_key);
  await until('fills compiled', () => Number(world.sql('SELECT count(*) FROM formatted_fills')) >= mine.fills.length, 30_000);
  // In full flow, so that the last fills were said on the private stream alone. With the exchange gone nothing new is said, and the compiler comes to an end.
  world.paper_process.kill('SIGKILL');
  await world.paper_process.ended;
  await waving.ended;
  // Quiet: what the engine had received is read, stored and compiled.
  const quiet_looks = 60;
  let before_now = '';
  let same = 0;
  await until('everything compiled', () => {
    const now = spool().every((r) => r.gap) && json_of('raw', 'status');
    const text = JSON.stringify(now && now.map((s) => [s.stream, s.last_sequence]));
    same = now && text === before_now && now.every((s) => s.compiled_to === s.last_sequence) ? same + 1 : 0;
    before_now = text;
    return same >= quiet_looks;
  }, 60_000);

  const content = () => Object.fromEntries(tables.map((table) =>
    [table, world.rows(`SELECT to_jsonb(t) - 'compiled_at' FROM ${table} t ORDER BY 1`).map(([row]) => row)]));
  const compiled = content();
  for (const table of tables.slice(0, 3)) assert.ok(compiled[table].length > 0, `${table} is empty`);
  for (const table of tables)
    assert.equal(world.sql(`SELECT count(*) FROM ${table} t WHERE NOT EXISTS (SELECT FROM raw_records r
      WHERE r.stream = t.stream AND r.sequence = t.sequence AND r.received_at = t.received_at)`), '0', `${table} names no raw row`);

  const fills = new Map(world.rows('SELECT trade_id, price::float8, quantity::float8 FROM formatted_fills').map(([id, price, quantity]) => [id, [Number(price), Number(quantity)]]));
  for (const fill of mine.fills)
    assert.deepEqual(fills.get(String(fill.trade_id)), [Number(fill.price), Number(fill.quantity)], `trade ${fill.trade_id}`);
  const booked = world.rows(`SELECT trade_id FROM fills WHERE account_id = ${account.id}`).map(([id]) => id);
  assert.deepEqual(booked.filter((id) => !fills.has(id)), []);

  const rebuilt = json_of('rebuild', '--from', yesterday);
  assert.equal(rebuilt.rejected, 0);
  for (const table of rebuilt.tables) assert.deepEqual([table.rows, table.hash], [table.rows_before, table.hash_before], table.table);
  assert.deepEqual(content(), compiled);

  // Not by leaving everything as it was: what is wrong in a table is put right.
  world.sql("UPDATE formatted_fills SET price = price + 1; DELETE FROM formatted_orders");
  assert.notDeepEqual(content(), compiled);
  const mended = command('rebuild', '--from', yesterday);
  assert.equal(mended.status, 0, mended.stderr);
  assert.match(mended.stdout, /fills .*changed/);
  assert.deepEqual(content(), compiled);
});

test('a row that is taken away is missed: exit 1', () => {
  const [[stream, sequence]] = world.rows(`SELECT r.stream, r.sequence FROM raw_records r WHERE stream = 'binance.market'
    AND NOT EXISTS (SELECT FROM data_gaps g WHERE g.stream = r.stream AND r.received_at BETWEEN g.gap_from - interval '1 s' AND g.gap_to + interval '1 s')
    ORDER BY sequence OFFSET 5 LIMIT 1`);
  world.sql(`DELETE FROM raw_records WHERE stream = '${stream}' AND sequence = ${sequence}`);
  const checked = command('raw', 'check', '--from', yesterday);
  assert.equal(checked.status, 1, checked.stdout);
  assert.match(checked.stdout, /NUMBERS ARE MISSING WITHOUT A GAP ROW/);
  const told = JSON.parse(command('raw', 'check', '--from', yesterday, '-o', 'json').stdout);
  assert.equal(told.complete, false);
  assert.equal(told.streams.find((s) => s.stream === stream).silent, 1);
});
