// A thousand accounts at Binance and two hundred at each other venue start at once from one address, against a paper exchange
// that enforces the venues' limits: nothing is refused, what is urgent does not wait behind reads, exposure starts first.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';

import { engine_binary, is_open, pause, until, World } from './harness.mjs';

const accounts_at = (venue) => (venue === 'binance' ? 1_000 : 200);
const exposed_at_each = 8;
const concurrent_starts = 32;
const storm_ms = 75_000;
const clients = 16;
const extra_fields = { coinbase: { key_form: 'ed25519' } };
const no_limits = { enabled: false };
const parameters = { symbol: 'BTC/USDT', levels: '2', spacing: '0.01', order_notional: '50' };

const venues = JSON.parse(execFileSync(engine_binary, ['venue', 'list'], { encoding: 'utf8' })).map((v) => v.venue);
let world;
let admin;
/** Those of them that take part; the tests of the others fail with what is written in `trouble`. */
let served;
const trouble = {};
/** By venue: accounts in the order of creation, the first ones exposed. */
const accounts = {};
let first_run_ended_at;

async function in_parallel(items, work) {
  const rest = [...items];
  await Promise.all(Array.from({ length: clients }, async () => {
    while (rest.length > 0) await work(rest.shift());
  }));
}

function write_config(limit_percent) {
  const extra = served.map((venue) => {
    const url = `${world.paper}/${venue}`;
    const ws = url.replace('http://', 'ws://');
    return `  - {name: ${venue}_storm, dialect: ${venue}, rest_url: "${url}", stream_url: "${ws}", ws_api_url: "${ws}", allow_unknown_permissions: true, limit_percent: ${limit_percent}}`;
  }).join('\n');
  world.write_config({ extra, parameters, web: { limits: no_limits }, bots: { concurrent_starts } });
}

async function start_paper(limits) {
  await world.start_paper(['--state', `${world.folder}/paper_state.json`, '--step-bps', '0', limits ? '--limits' : '--no-limits']);
}
async function stop(child) {
  child.kill('SIGTERM');
  await child.ended;
}

async function open_accounts(venue) {
  const owner = await world.add_user(`owner_of_${venue}`);
  const keys = await world.must('POST', '/paper/accounts/bulk', {
    base: world.paper, body: { venue, count: accounts_at(venue), balances: { USDT: '10000', USD: '10000', BTC: '0.1' }, ...extra_fields[venue] } });
  accounts[venue] = [];
  await in_parallel(keys.accounts ?? keys, async (key) => {
    const account = await world.must('POST', '/user/exchanges/', { token: owner.token, body: {
      exchange_name: `${venue}_storm`, api_key: key.api_key, api_secret: key.api_secret, passphrase: key.passphrase, label: 'Storm' } });
    accounts[venue].push({ ...account, owner, keys: key });
  });
  accounts[venue].sort((a, b) => a.id - b.id);
}

async function expose(account) {
  await world.approve(admin, account);
  await world.until_bot(account.owner, account, 'running', 20_000);
}

before(async () => {
  world = await World.create({ start: false, paper_args: [] });
  await stop(world.paper_process);
  await start_paper(false);
  const spoken = (await world.must('GET', '/paper/venues', { base: world.paper })).map((v) => v.venue);
  for (const venue of venues) if (!spoken.includes(venue)) trouble[venue] = 'the paper exchange does not speak it';
  served = venues.filter((venue) => !trouble[venue]);
  write_config(1_000_000);
  await world.start_engine();
  admin = await world.add_user('root', { admin: true });
  for (const venue of served) {
    try {
      await open_accounts(venue);
      // The last ones are exposed: nothing but their exposure can bring them to the front.
      const exposed = accounts[venue].slice(-exposed_at_each);
      await in_parallel(exposed, expose);
      await until('orders of all that are exposed', () => {
        const [[count]] = world.rows(`SELECT count(DISTINCT account_id) FROM order_intents WHERE state = 'accepted' AND account_id IN (${exposed.map((e) => e.id)})`);
        return Number(count) === exposed_at_each;
      }, 30_000);
    } catch (problem) {
      trouble[venue] = String(problem);
    }
  }
  served = served.filter((venue) => !trouble[venue]);
  await world.kill_engine('SIGKILL');
  world.sql(`UPDATE user_exchanges SET status = 'APPROVED', is_active = true, reviewed_version = credential_version, approved_by = ${admin.id}, approved_at = now() WHERE status = 'PENDING'`);
  await stop(world.paper_process);
  await start_paper(true);
  write_config(100);
});
after(() => world.close());

let last_limits;
const worst = {};
async function look() {
  last_limits = await world.must('GET', '/admin/exchanges/limits', { token: admin.token });
  for (const e of last_limits.exchanges)
    for (const lane of e.lanes) {
      const seen = ((worst[e.exchange] ??= {})[lane.lane] ??= { waiting: 0 });
      seen.waiting = Math.max(seen.waiting, lane.waiting);
    }
}
const lanes_of = (venue) => Object.fromEntries(last_limits.exchanges.find((e) => e.exchange === `${venue}_storm`).lanes.map((l) => [l.lane, l]));
const open_orders_of = async (account) => {
  const state = await world.must('GET', `/paper/state?api_key=${encodeURIComponent(account.keys.api_key)}`, { base: world.paper });
  return state.accounts[0].orders.filter(is_open).length;
};

test('the storm: everybody begins to start, and some are switched off in the middle of it', { timeout: 180_000 }, async () => {
  first_run_ended_at = world.rows('SELECT now()')[0][0];
  await world.start_engine();
  const end = Date.now() + storm_ms;
  let middle;
  await in_parallel(served, async (venue) => {
    const account = accounts[venue].at(-1);
    await world.until_bot(account.owner, account, 'running', 60_000);
    assert.notEqual(await open_orders_of(account), 0, `${venue}: nothing to cancel`);
    await world.must('PATCH', `/user/exchanges/${account.id}/toggle`, { token: account.owner.token, body: { is_active: false } });
    await until(`orders of ${venue} cancelled`, async () => (await open_orders_of(account)) === 0, 30_000);
  }).catch((problem) => (middle = problem));
  while (Date.now() < end) {
    await look();
    await pause(500);
  }
  await look();
  if (middle) throw middle;
});

for (const venue of venues) {
  test(`${venue}: nothing was refused`, async () => {
    assert.equal(trouble[venue], undefined);
    const counted = (await world.must('GET', '/paper/limits', { base: world.paper }))[venue];
    // Starting all of them takes Binance's limits some ten minutes: the storm is its first part.
    assert.ok(counted.requests > accounts_at(venue) / 2, JSON.stringify(counted));
    assert.deepEqual({ denied: counted.denied, banned: counted.banned }, { denied: 0, banned: 0 });
    const seen = last_limits.exchanges.find((e) => e.exchange === `${venue}_storm`);
    assert.equal(seen.address_bans + seen.account_bans, 0);
  });

  test(`${venue}: what protects does not wait behind what reads or opens`, () => {
    assert.equal(trouble[venue], undefined);
    const lanes = lanes_of(venue);
    assert.ok(lanes.protective.granted > 0, JSON.stringify(lanes));
    // At some venues orders and reads have limits of their own: what is short there may be the one or the other.
    const longest = Math.max(lanes.reconcile.longest_wait_ms, lanes.entry.longest_wait_ms);
    const bound = longest > 1_000 ? longest / 5 : longest + 50;
    assert.ok(lanes.protective.longest_wait_ms <= bound, JSON.stringify(lanes));
    assert.equal(lanes.protective.refused, 0);
  });

  test(`${venue}: accounts with open orders start before those without`, () => {
    assert.equal(trouble[venue], undefined);
    const exposed = new Set(accounts[venue].slice(-exposed_at_each).map((a) => String(a.id)));
    const ids = accounts[venue].map((a) => `'${a.id}'`).join(',');
    // They are the last of the list. They read the journal before they ask the exchange, so some idle ones overtake them there.
    const first = world.rows(`SELECT account FROM raw_records WHERE received_at > '${first_run_ended_at}' AND account IN (${ids}) AND kind = 0
      GROUP BY account ORDER BY min(received_ns) LIMIT ${accounts_at(venue) / 2}`).map(([id]) => id);
    assert.equal(first.filter((id) => exposed.has(id)).length, exposed_at_each, first.join(' '));
  });
}

test('binance: it was a storm', () => {
  assert.ok(worst.binance_storm.reconcile.waiting > 0, JSON.stringify(worst.binance_storm));
  const lanes = lanes_of('binance');
  assert.ok(lanes.reconcile.longest_wait_ms > 1_000, JSON.stringify(lanes));
});
