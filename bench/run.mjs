// scripts/bench: runs the figures and prints one line each, or JSON with --json.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Socket, engine_binary, pause, root, until, World } from '../tests/system/harness.mjs';

const tool = process.env.DROVER_BENCH_TOOL;
const tenants = Number(process.env.DROVER_BENCH_TENANTS ?? 10_000);
// A range that the market is far below: bots that run and watch, and have nothing to do.
const quiet_bots = { statistics_interval: '1h', parameters: { symbol: 'BTC/USDT', levels: '3', lower: '200000', upper: '210000', order_notional: '50' } };
const open_web = { connection_limit: 30_000, connections_per_address: 30_000, unauthenticated_sockets_per_address: 30_000, limits: { enabled: false } };

function measure(...args) {
  return JSON.parse(execFileSync(tool, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] }));
}

/** As measure(), while the caller does something else. */
async function run_beside(...args) {
  return JSON.parse((await promisify(execFile)(tool, args)).stdout);
}

/** Collects frames. A random market can leave all grids behind for good: when nothing fills any more, it is brought back. */
async function until_frames(world, frames, count) {
  let seen = 0;
  let idle_since = performance.now();
  await until('frames', async () => {
    if (frames.length > seen) idle_since = performance.now();
    seen = frames.length;
    if (performance.now() - idle_since > 2000) {
      await world.must('POST', '/paper/price', { base: world.paper, body: { symbol: 'BTCUSDT', price: '60000' } });
      idle_since = performance.now();
    }
    return frames.length >= count;
  }, 120_000);
}

/** Private bytes of a process: what it costs beside shared libraries. */
function private_bytes(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)].reduce((sum, [, kib]) => sum + Number(kib) * 1024, 0);
}

/** Once nothing has moved for four seconds: the engine returns the memory of its start only after a while. */
async function settled_bytes(pid) {
  let last = private_bytes(pid);
  for (let same = 0; same < 20;) {
    await pause(200);
    const now = private_bytes(pid);
    same = Math.abs(now - last) < 64 * 1024 ? same + 1 : 0;
    last = now;
  }
  return last;
}

/** A child that prints a line when it is ready and ends when its standard input does. */
const start_helper = (file, ...args) => start_program(process.execPath, file, ...args);
async function start_program(runner, file, ...args) {
  const child = spawn(runner, [join(root, 'bench', file), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(String(data).trim()));
    child.once('exit', () => reject(new Error(`${file} ended`)));
  });
  return { child, line, stop: () => new Promise((resolve) => { child.once('exit', resolve); child.stdin.end(); }) };
}

function wrk(url, token, { connections = 64, seconds = 5 } = {}) {
  const args = ['-t', '1', '-c', String(connections), '-d', String(seconds), '--latency', '-H', 'User-Agent: bench'];
  if (token) args.push('-H', `Authorization: Bearer ${token}`);
  return read_wrk(execFileSync('wrk', [...args, url], { encoding: 'utf8' }));
}

/** Throws when a request failed. */
function read_wrk(out) {
  if (/Non-2xx|Socket errors/.test(out)) throw new Error(out);
  const p99 = out.match(/99% +([\d.]+)(us|ms|s)/);
  const unit_ms = { us: 0.001, ms: 1, s: 1000 }[p99[2]];
  return { per_s: Number(out.match(/Requests\/sec: +([\d.]+)/)[1]), p99_ms: Number(p99[1]) * unit_ms };
}

const best_of = (rounds) => ({ per_s: Math.max(...rounds.map((r) => r.per_s)), p99_ms: Math.min(...rounds.map((r) => r.p99_ms)) });

/** Of HTTP frameworks that are installed: name and how to start one with the database of `world`. */
function http_peers(world, key) {
  const [, host] = world.database.match(/host=(\S+)/);
  const peers = [];
  const python = '/usr/bin/python3';
  if (existsSync(join(root, 'bench/http_peers/node_modules/fastify')))
    peers.push(['Fastify', () => start_helper('http_peers/fastify_peer.mjs', host, world.name, key)]);
  if (existsSync('/usr/lib/python3/dist-packages/fastapi'))
    peers.push(['FastAPI', () => start_program(python, 'http_peers/fastapi_peer.py', host, world.name, key)]);
  return peers;
}

/** Of bots that trade, since `at`: from the decision for an order until it is on the wire, and from a trade until it is booked. */
function trading_ms(world, at) {
  const [row] = world.rows(`WITH o AS (SELECT extract(epoch FROM sent_at - created_at) * 1000 AS ms FROM order_intents WHERE created_at >= '${at}' AND sent_at IS NOT NULL),
    f AS (SELECT extract(epoch FROM recorded_at - at) * 1000 AS ms FROM fills WHERE at >= '${at}')
    SELECT o.*, f.* FROM (SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), percentile_disc(0.99) WITHIN GROUP (ORDER BY ms) FROM o) o,
    (SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), percentile_disc(0.99) WITHIN GROUP (ORDER BY ms) FROM f) f`);
  const [orders, order_p50, order_p99, fills, fill_p50, fill_p99] = row.map(Number);
  return { orders, order_p50, order_p99, fills, fill_p50, fill_p99 };
}
/** A market that goes up and down through the levels of a grid, four times a second. */
async function swing(world, seconds) {
  for (let i = 0; i < seconds * 4; ++i) {
    await world.set_price(i % 2 === 0 ? 60_060 : 59_940);
    await pause(250);
  }
}
const share_of = (sorted, share) => sorted[Math.ceil(sorted.length * share) - 1];

async function with_world(options, body) {
  const world = await World.create(options);
  try {
    return await body(world);
  } catch (problem) {
    // Not every figure starts an engine.
    if (existsSync(world.log('engine'))) console.error(world.log_text('engine').slice(-3000));
    throw problem;
  } finally {
    await world.close();
  }
}

/**
 * A world with `count` approved accounts whose keys the paper exchange knows, all of one user or (`one_each`) of as many users with the
 * same password; the engine is not started.
 */
async function seeded_world(count, config, body, { one_each = false } = {}) {
  return with_world({ paper_args: ['--no-limits', '--step-ms', '1000'], config, start: false }, async (world) => {
    const password = 'bench-password';
    world.try_run(['-c', world.config, 'user', 'create-admin', 'bench', '--password-stdin'], { input: password + '\n' });
    const user = world.sql("SELECT id FROM users WHERE username = 'bench'");
    if (one_each)
      world.sql(`INSERT INTO users (username, password_hash) SELECT 'bench' || n, password_hash FROM users, generate_series(1, ${count - 1}) n WHERE id = ${user} ORDER BY n`);
    const keys = await world.must('POST', '/paper/accounts/bulk', { base: world.paper, body: { count, balances: { USDT: '100000' } } });
    const list = Array.isArray(keys) ? keys : keys.accounts;
    execFileSync(tool, ['seed-accounts', '--database', world.database, '--master-key', join(world.folder, 'master_key'), '--user', user, ...(one_each ? ['--one-each'] : [])],
      { input: list.map((k) => `${k.api_key} ${k.api_secret}`).join('\n') });
    world.log_in = async (username = 'bench') => (await world.must('POST', '/client/login', { body: { username, password } })).token;
    return body(world);
  });
}

/** Resolves once `count` bots run. */
async function until_running(world, count) {
  const token = await world.log_in();
  await until('running bots', async () => (await world.must('GET', '/stats/now', { token })).bots.running === count, Number(process.env.DROVER_BENCH_PATIENCE_MS ?? 120_000));
}

const figures = {
  async http_list_exchanges() {
    return with_world({ config: { web: open_web } }, async (world) => {
      const user = await world.add_user('bench');
      for (let i = 0; i < 3; ++i) await world.add_account(user, { label: `Account ${i}` });
      // Others on the machine only ever slow a round down, so each side counts with its best (best_of).
      const rounds = { floor: [], ours: [] };
      for (let round = 0; round < 3; ++round) {
        rounds.floor.push(measure('list-ceiling', '--database', world.database, '--user', String(user.id), '--seconds', '3'));
        rounds.ours.push(wrk(`${world.http}/user/exchanges/`, user.token, { seconds: 3 }));
      }
      const floor = best_of(rounds.floor);
      const ours = best_of(rounds.ours);
      return [
        { name: 'http_list_exchanges', value: ours.per_s, unit: 'requests/s', ratio: ours.per_s / floor.per_s, against: 'the statement alone, 8 connections' },
        { name: 'http_list_exchanges_p99', value: ours.p99_ms, unit: 'ms', ratio: ours.p99_ms / floor.p99_ms, against: 'the statement alone, 8 connections' },
      ];
    });
  },

  /** The same list by the frameworks that people would take otherwise, one process each. */
  async http_peers() {
    return with_world({ config: { web: open_web } }, async (world) => {
      const user = await world.add_user('bench');
      for (let i = 0; i < 3; ++i) await world.add_account(user, { label: `Account ${i}` });
      const key = randomBytes(32).toString('hex');
      const signed = `${user.id}:${Math.floor(Date.now() / 1000)}`;
      const token = Buffer.from(`${signed}:${createHmac('sha256', key).update(signed).digest('base64url')}`).toString('base64url');
      const found = [];
      for (const [name, start] of http_peers(world, key)) {
        const peer = await start();
        const url = `http://127.0.0.1:${peer.line}/user/exchanges/`;
        const theirs_json = await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json();
        if (theirs_json.length !== 3) throw new Error(`${name} answers ${JSON.stringify(theirs_json)}`);
        const rounds = { ours: [], theirs: [] };
        for (let round = 0; round < 3; ++round) {
          rounds.ours.push(wrk(`${world.http}/user/exchanges/`, user.token, { seconds: 3 }));
          rounds.theirs.push(wrk(url, token, { seconds: 3 }));
        }
        await peer.stop();
        const [ours, theirs] = [best_of(rounds.ours), best_of(rounds.theirs)];
        const label = `http_against_${name.toLowerCase()}`;
        found.push({ name: label, value: ours.per_s, unit: 'requests/s', ratio: ours.per_s / theirs.per_s, against: `${name}: ${theirs.per_s} requests/s` },
          { name: `${label}_p99`, value: ours.p99_ms, unit: 'ms', ratio: ours.p99_ms / theirs.p99_ms, against: `${name}: p99 ${theirs.p99_ms} ms` });
      }
      return found;
    });
  },

  /** What counting costs: budgets that are never used up, beside none. */
  async http_with_limits() {
    const plenty = { per_second: 1_000_000, burst: 1_000_000 };
    const listing = async (limits, body) => with_world({ config: { web: { ...open_web, limits } } }, async (world) => {
      const user = await world.add_user('bench');
      for (let i = 0; i < 3; ++i) await world.add_account(user, { label: `Account ${i}` });
      return body(() => wrk(`${world.http}/user/exchanges/`, user.token, { seconds: 3 }));
    });
    return listing({ enabled: false }, async (without) => listing({ enabled: true, user_read: plenty, address: plenty }, async (counted) => {
      const rounds = { without: [], counted: [] };
      for (let round = 0; round < 3; ++round) {
        rounds.without.push(without());
        rounds.counted.push(counted());
      }
      const [on, off] = [best_of(rounds.counted), best_of(rounds.without)];
      return [{ name: 'http_with_limits', value: on.per_s, unit: 'requests/s', ratio: on.per_s / off.per_s, against: 'the same without rate limits' }];
    }));
  },

  /** Strangers who log in without end, each from another address, beside bots that trade. */
  async login_flood() {
    const config = { web: { ...open_web, limits: { enabled: true }, trusted_proxies: ['127.0.0.1'] }, bots: { parameters: { symbol: 'BTC/USDT', levels: '5', spacing: '0.0005', order_notional: '50' } }, weight_limit: 1_000_000_000 };
    return with_world({ paper_args: ['--no-limits'], config }, async (world) => {
      const admin = await world.add_user('root', { admin: true });
      const user = await world.add_user('bench');
      const accounts = [];
      for (let i = 0; i < 10; ++i) {
        accounts.push(await world.add_account(user, { label: `Account ${i}` }));
        await world.approve(admin, accounts[i]);
      }
      const phase = async (beside) => {
        const began = world.sql('SELECT now()');
        const done = await Promise.all([swing(world, 15), beside]);
        return { ...trading_ms(world, began), beside: done[1] };
      };
      await world.hold_market(60_000);
      for (const account of accounts) await world.until_bot(user, account, 'running');
      const alone = await phase();
      const flood = await phase(promisify(execFile)('wrk', ['-t', '1', '-c', '64', '-d', '15', '-s', join(root, 'bench/login_flood.lua'), world.http]));
      const logins_per_s = Math.round(Number(flood.beside.stdout.match(/Requests\/sec: +([\d.]+)/)[1]));
      for (const { orders, fills } of [alone, flood]) if (Math.min(orders, fills) < 100) throw new Error(`only ${orders} orders and ${fills} fills`);
      const said = { order: 'decision for an order to the wire', fill: 'trade to booked' };
      return Object.entries(said).flatMap(([what, words]) => ['p50', 'p99'].map((p) => ({ name: `login_flood_${what}_${p}`, value: flood[`${what}_${p}`], unit: 'ms',
        ratio: flood[`${what}_${p}`] / alone[`${what}_${p}`],
        against: `${words} without the ${logins_per_s} logins/s (${flood[`${what}s`]} beside them, ${alone[`${what}s`]} alone)` })));
    });
  },

  /** How long a wrong password takes for a name that somebody has, and for one that nobody has: a stranger must not see which. */
  async login_enumeration() {
    const tries = 250;
    return with_world({ config: { web: { trusted_proxies: ['127.0.0.1'] } } }, async (world) => {
      const somebody = await world.add_user('somebody');
      world.sql(`INSERT INTO users (username, password_hash) SELECT 'real' || n, password_hash FROM users, generate_series(1, ${tries}) n WHERE id = ${somebody.id}`);
      const took_ms = { real: [], none: [] };
      const answers = new Set();
      for (let i = 1; i <= tries; ++i) {
        // Every other time in the other order, each from a network of its own.
        for (const kind of i % 2 === 0 ? ['real', 'none'] : ['none', 'real']) {
          const headers = { 'content-type': 'application/json', 'user-agent': 'bench', 'x-request-id': 'same', 'x-forwarded-for': `10.${i}.${kind === 'real' ? 1 : 2}.1` };
          const body = JSON.stringify({ username: `${kind}${i}`, password: 'not the password' });
          const began = performance.now();
          const answer = await fetch(`${world.http}/client/login`, { method: 'POST', headers, body });
          answers.add(`${answer.status} ${await answer.text()}`);
          took_ms[kind].push(performance.now() - began);
          // Slower than the engine forgets failures of everybody together.
          await pause(Math.max(0, 105 - (performance.now() - began)));
        }
      }
      if (answers.size !== 1) throw new Error(`answers differ: ${[...answers].join('\n')}`);
      const [real, none] = [took_ms.real, took_ms.none].map((list) => share_of(list.sort((a, b) => a - b), 0.5));
      return [{ name: 'login_enumeration', value: Math.abs(real - none), unit: 'ms', ratio: Math.abs(real - none) / real, against: `the median of a refused login (${real.toFixed(1)} ms for a name, ${none.toFixed(1)} ms for none)` }];
    });
  },

  async ws_idle_bytes() {
    return with_world({ config: { web: open_web } }, async (world) => {
      const user = await world.add_user('bench');
      const peer = await start_helper('ws_peer.mjs');
      const per_socket = async (pid, port, path, token) => {
        const before = await settled_bytes(pid);
        const clients = await start_helper('ws_idle.mjs', '127.0.0.1', String(port), path, String(tenants), token);
        const bytes = (await settled_bytes(pid) - before) / tenants;
        await clients.stop();
        return bytes;
      };
      const ours = await per_socket(world.engine.pid, new URL(world.http).port, '/ws/earnings', user.token);
      const theirs = await per_socket(peer.child.pid, peer.line, '/', 'x');
      await peer.stop();
      return [{ name: 'ws_idle_bytes', value: ours, unit: 'bytes', ratio: ours / theirs, against: 'npm ws' }];
    });
  },

  async bot_bytes() {
    const engine_with = (count) => seeded_world(count, { bots: quiet_bots, weight_limit: 1_000_000_000 }, async (world) => {
      await world.start_engine();
      await until_running(world, count);
      return settled_bytes(world.engine.pid);
    });
    const one = await engine_with(1);
    const all = await engine_with(tenants);
    const each = (all - one) / (tenants - 1);
    return [{ name: 'bot_bytes', value: each, unit: 'bytes', ratio: each / one, against: 'a process of its own for one bot' }];
  },

  async manager_cold_start() {
    return seeded_world(tenants, { bots: { ...quiet_bots, concurrent_starts: 256 }, weight_limit: 1_000_000_000 }, async (world) => {
      const floor = wrk(`${world.paper}/api/v3/time`, undefined, { seconds: 3 });
      const began = performance.now();
      await world.start_engine();
      await until_running(world, tenants);
      const took_s = (performance.now() - began) / 1000;
      const floor_s = (2 * tenants) / floor.per_s;
      return [{ name: 'manager_cold_start', value: took_s, unit: 's', ratio: took_s / floor_s, against: 'two bare requests per account to the same exchange' }];
    });
  },

  async seal_open() {
    const { opened_per_s, raw_per_s } = measure('seal-open');
    return [{ name: 'seal_open', value: opened_per_s, unit: 'values/s', ratio: opened_per_s / raw_per_s, against: 'raw AES-256-GCM' }];
  },

  /** A new master key, three times, with as many users as data keys; 50 of them trade, one asks without a pause. Then with kills. */
  async key_rotation() {
    const trading = 50;
    const config = { web: open_web, bots: { statistics_interval: '1h', parameters: { symbol: 'BTC/USDT', levels: '3', spacing: '0.004', order_notional: '50' } }, weight_limit: 1_000_000_000 };
    return seeded_world(tenants, config, async (world) => {
      world.sql(`UPDATE user_exchanges SET is_active = false WHERE id NOT IN (SELECT id FROM user_exchanges ORDER BY id LIMIT ${trading})`);
      await world.start_engine();
      await until_running(world, trading);
      const names = Array.from({ length: trading }, (_, i) => (i === 0 ? 'bench' : `bench${i}`));
      const tokens = [];
      for (const name of names) tokens.push(await world.log_in(name));
      const bots = () => Promise.all(tokens.map(async (token) => {
        const [{ bot }] = await world.must('GET', '/user/exchanges/', { token });
        return `${bot.state} ${bot.since} ${bot.restarts}`;
      }));
      const status = () => JSON.parse(world.try_run(['key', 'status', '-o', 'json', '-c', world.config]).stdout || '{"rotating":true,"keys":[]}');
      const is_whole = () => {
        const now = status();
        const wrapped = world.rows('SELECT master_key_id, count(*) FROM user_data_keys GROUP BY 1');
        return !now.rotating && wrapped.length === 1 && wrapped[0][0] === now.master_key;
      };
      const url = `${world.http}/user/exchanges/`;
      const before = await bots();
      const listing = (seconds) => promisify(execFile)('wrk', ['-t', '1', '-c', '8', '-d', String(seconds), '--latency', '-H', 'User-Agent: bench', '-H', `Authorization: Bearer ${tokens[0]}`, url]);
      let rotated_s = 0;
      const alone = [];
      const beside = [];
      for (let round = 0; round < 3; ++round) {
        alone.push(read_wrk((await listing(3)).stdout));
        const asking = listing(3);
        const began = performance.now();
        await promisify(execFile)(engine_binary, ['key', 'rotate', '-c', world.config]);
        rotated_s += (performance.now() - began) / 1000;
        beside.push(read_wrk((await asking).stdout));
        if (!is_whole()) throw new Error('not everything is wrapped by the new key');
      }
      if ((await bots()).join() !== before.join()) throw new Error(`bots were restarted: ${await bots()}`);
      for (let kill = 0; kill < 5; ++kill) {
        const rotation = promisify(execFile)(engine_binary, ['key', 'rotate', '-c', world.config]).catch(() => undefined);
        await pause(rotated_s / 3 * 1000 * (kill + 1) / 6);
        await world.kill_engine('SIGKILL');
        await rotation;
        await world.start_engine();
        await until('the rotation to be whole again', is_whole, 60_000);
      }
      // Whatever could not be opened any more would not run.
      await world.kill_engine('SIGTERM');
      world.sql('UPDATE user_exchanges SET is_active = true');
      await world.start_engine();
      await until_running(world, tenants);
      const floor = performance.now();
      world.sql('UPDATE user_data_keys SET wrapped = wrapped');
      const floor_s = (performance.now() - floor) / 1000;
      return [
        { name: 'key_rotation', value: tenants * 3 / rotated_s, unit: 'keys/s', ratio: tenants * 3 / rotated_s / (tenants / floor_s), against: `an UPDATE of all ${tenants} rows; all accounts ran after three rotations and five kills` },
        { name: 'key_rotation_list_p99', value: best_of(beside).p99_ms, unit: 'ms', ratio: best_of(beside).p99_ms / best_of(alone).p99_ms, against: 'GET /user/exchanges/ without a rotation' },
      ];
    }, { one_each: true });
  },

  async raw_recorder() {
    return with_world({ start: false }, async (world) => {
      const r = measure('recorder', '--database', world.database, '--rows', '200000');
      return [
        { name: 'raw_recorder', value: r.rows_per_s, unit: 'rows/s', ratio: r.rows_per_s / r.copy_rows_per_s, against: 'a plain COPY of the same rows' },
        { name: 'raw_append', value: r.append_ns, unit: 'ns', ratio: r.append_ns * r.copy_rows_per_s / 1e9, against: 'the time of a row in that COPY' },
      ];
    });
  },

  async durable_intents() {
    return with_world({ start: false }, async (world) => {
      const r = measure('durable-intents', '--database', world.database, '--seconds', '2');
      return [{ name: 'durable_intents', value: r.per_s, unit: 'intents/s', ratio: r.per_s / r.commits_per_s,
        against: `one-row commits over as many connections; an intent waits ${r.p50_ms} ms, p99 ${r.p99_ms} ms` }];
    });
  },

  async sim_hours() {
    const s = JSON.parse(execFileSync(join(root, 'build/release/bin/engine-sim'), ['--measure'], { encoding: 'utf8' }));
    return [
      { name: 'sim_hours', value: s.busy_hours_per_s, unit: 'hours/s', ratio: s.steps_per_s / s.bare_steps_per_s, against: 'its steps per second in a world of empty events' },
      { name: 'sim_orders', value: s.orders_per_s, unit: 'orders/s', ratio: s.orders_per_s / s.bare_steps_per_s, against: 'empty events per second' },
    ];
  },

  async rate_grants() {
    const r = measure('rate-grants');
    return [{ name: 'rate_grants', value: r.grants_per_second, unit: 'grants/s', ratio: r.grants_per_second / r.bare_wakeups_per_second, against: `wake-ups of ${r.accounts} coroutines without a ledger` }];
  },

  async venue_parse() {
    const measured = measure('venue-parse', '--samples', join(root, 'tests/data/samples'), '--seconds', '1');
    return Object.entries(measured).map(([venue, r]) => ({
      name: `venue_parse_${venue}`, value: r.messages_per_s, unit: 'messages/s', ratio: r.messages_per_s / r.bare_per_s,
      against: venue === 'mexc' ? "protobuf's and simdjson's own parse of the same bytes" : 'simdjson into a tree of the same bytes',
    }));
  },

  async venue_sign() {
    const measured = measure('venue-sign', '--seconds', '1');
    return Object.entries(measured).map(([venue, r]) => ({
      name: `venue_sign_${venue}`, value: r.signed_per_s, unit: 'orders/s', ratio: r.signed_per_s / r.raw_per_s,
      against: 'the bare signature of the same text by OpenSSL',
    }));
  },

  async book_to_callback() {
    const b = measure('book-to-callback');
    return [['', ''], ['_1000', 'many_']].flatMap(([suffix, prefix]) => ['p50', 'p99'].map((p) => ({
      name: `book_to_callback${suffix}_${p}`, value: b[`${prefix}${p}_us`], unit: 'µs', ratio: b[`${prefix}${p}_us`] / b[`floor_${p}_us`],
      against: 'parsing the frame alone',
    })));
  },

  async bytes_per_symbol() {
    const b = measure('symbol-bytes');
    return [{ name: 'bytes_per_symbol', value: b.bytes, unit: 'bytes', ratio: b.bytes / b.level_bytes, against: `the prices and quantities of its ${b.levels} levels` }];
  },

  async tick_to_order() {
    const t = measure('tick-to-order');
    return ['p50', 'p99'].map((p) => ({ name: `tick_to_order_${p}`, value: t[`${p}_us`], unit: 'µs', ratio: t[`${p}_us`] / t[`floor_${p}_us`], against: 'parsing the frame and signing the order alone' }));
  },

  async tick_to_order_beside_hogs() {
    const h = measure('hogs', '--ticks', process.env.DROVER_BENCH_TICKS ?? '1000');
    return [
      { name: 'tick_to_order_beside_hogs', value: h.beside_p99_ms, unit: 'ms', ratio: h.beside_p99_ms / h.alone_p99_ms,
        against: `p99 of the same 200 bots alone (${h.alone_p99_ms} ms; p50 ${h.alone_p50_ms} ms, beside ${h.beside_p50_ms} ms, worst ${h.beside_worst_ms} ms)` },
      { name: 'hogs_held', value: h.quarantined, unit: 'bots', ratio: h.quarantined / h.bad, against: `${h.bad} bad bots, quarantined in the end; ${h.slowed} were slowed before` },
      { name: 'hogs_quarantined', value: h.greedy_gone_s, unit: 's', ratio: h.greedy_gone_s / 10, against: 'ten seconds' },
      { name: 'throwers_quarantined', value: h.throwing_gone_s, unit: 's', ratio: h.throwing_gone_s / 60, against: 'restart_period, after five restarts' },
    ];
  },

  async idle_bots_100000() {
    const i = measure('idle-bots', '--bots', process.env.DROVER_BENCH_IDLE_BOTS ?? '100000');
    return [
      { name: 'idle_bots_100000', value: i.bytes, unit: 'bytes', ratio: i.bytes / i.floor_bytes, against: 'a coroutine with a timer each' },
      { name: 'idle_bots_100000_cpu', value: 100 * i.processor_share, unit: '% of a core', ratio: i.processor_share / i.floor_share, against: "the strategies' own question alone, ten ticks a second" },
    ];
  },

  /** kill -9 while 200 accounts trade, 50 ms from their exchange; the start until all of them trade again. */
  async restart_200() {
    const accounts = 200;
    const bots = { bots: { statistics_interval: '1h', parameters: { symbol: 'BTC/USDT', levels: '3', spacing: '0.004', order_notional: '50' } } };
    return seeded_world(accounts, { ...bots, weight_limit: 1_000_000_000 }, async (world) => {
      await world.start_engine();
      await until_running(world, accounts);
      await until('orders of all', async () => (await world.paper_state()).accounts.every((a) => a.orders.length > 0), 60_000);
      await world.kill_engine('SIGKILL');
      await world.must('POST', '/paper/faults', { base: world.paper, body: { kind: 'latency', count: 1_000_000_000, ms: 50 } });
      const floor = wrk(`${world.paper}/api/v3/time`, undefined, { seconds: 3 });
      const began = performance.now();
      await world.start_engine();
      await until_running(world, accounts);
      const took_s = (performance.now() - began) / 1000;
      return [{ name: 'restart_200', value: took_s, unit: 's', ratio: took_s / ((2 * accounts) / floor.per_s), against: 'two bare requests per account to the same exchange, 64 at a time' }];
    });
  },

  async copy_fan_out() {
    const of = (suffix, r, where) => ['p50', 'p99'].map((p) => ({
      name: `copy_fan_out_${r.followers}${suffix}_${p}`, value: r[`${p}_ms`], unit: 'ms', ratio: r[`${p}_ms`] / r[`floor_${p}_ms`],
      against: `as many intents in the journal${where} and requests signed by a plain loop` }));
    const found = [];
    // A round of ten thousand takes seconds, and as long again to come to rest.
    for (const [followers, rounds] of [['1000', '20'], ['10000', '10']]) {
      const sizes = ['--followers', followers, '--rounds', rounds];
      found.push(...of('', measure('copy-fan-out', ...sizes), ''));
      await with_world({ start: false }, async (world) =>
        found.push(...of('_database', measure('copy-fan-out', ...sizes, '--database', world.database), ' of PostgreSQL')));
    }
    return found;
  },

  async fill_to_frame() {
    return with_world({ paper_args: ['--no-limits', '--step-ms', '20', '--step-bps', '5'], config: { bots: { parameters: { symbol: 'BTC/USDT', levels: '5', spacing: '0.0005', order_notional: '50' } } } }, async (world) => {
      const admin = await world.add_user('root', { admin: true });
      const user = await world.add_user('bench');
      for (let i = 0; i < 10; ++i) await world.approve(admin, await world.add_account(user, { label: `Account ${i}` }));
      const socket = await Socket.open(world, '/ws/earnings', { token: user.token });
      const fresh = [];
      // The floor: bare durable commits on the same database at the same time.
      const commits = run_beside('commit-latency', '--database', world.database, '--count', '1000');
      socket.ws.on('message', (data) => {
        const now_ms = performance.timeOrigin + performance.now();
        const message = JSON.parse(String(data));
        if (message.type === 'earnings_update' && message.payload.at && !message.payload.snapshot) fresh.push(now_ms - Date.parse(message.payload.at));
      });
      await until_frames(world, fresh, 300);
      socket.close();
      const floor = await commits;
      fresh.sort((a, b) => a - b);
      const at = (share) => share_of(fresh, share);
      return [
        { name: 'fill_to_frame_p50', value: at(0.5), unit: 'ms', ratio: at(0.5) / floor.p50_ms, against: 'p50 of one durable commit beside it' },
        { name: 'fill_to_frame_p99', value: at(0.99), unit: 'ms', ratio: at(0.99) / floor.p99_ms, against: 'p99 of one durable commit beside it' },
      ];
    });
  },
};

const wanted = process.argv.slice(2).filter((word) => word !== '--json');
const as_json = process.argv.includes('--json');
for (const name of wanted) if (!(name in figures)) { console.error(`unknown figure '${name}'; known: ${Object.keys(figures).join(' ')}`); process.exit(2); }
const results = [];
for (const name of wanted.length > 0 ? wanted : Object.keys(figures)) {
  for (const figure of await figures[name]()) {
    figure.value = Number(figure.value.toPrecision(6));
    figure.ratio = Number(figure.ratio.toPrecision(4));
    results.push(figure);
    if (!as_json) console.log(`${figure.name.padEnd(26)} ${String(figure.value).padStart(12)} ${figure.unit.padEnd(11)} ${figure.ratio} of ${figure.against}`);
  }
}
if (as_json) console.log(JSON.stringify(results));
