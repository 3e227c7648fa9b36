// The disk of PostgreSQL is full (RELIABILITY REL-22): nothing new is ordered that could not be written down, the engine lives, and when
// there is room again nothing was lost or doubled.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { check_alive } from './crash/books.mjs';
import { Cluster, pause, until, World } from './harness.mjs';

const disk_mib = 400;
const bots = { strategy: '', venue_processing_bound: '500ms', validity_window: '1s', send_limit: '1s', sweep_interval: '1s', backoff_floor: '50ms', backoff_ceiling: '500ms' };
const grid = { symbol: 'BTC/USDT', levels: 3, spacing: '0.0003', order_notional: '50' };
/** Only root may mount a small disk. */
const may_mount = process.getuid() === 0;

let cluster;
let world;
let tenant;
let account;
let filler;

before(async () => {
  if (!may_mount) return;
  cluster = new Cluster({ mib: disk_mib });
  filler = join(cluster.folder, 'filler');
  world = await World.create({ connection: cluster.connection, paper_args: ['--step-ms', '50', '--step-bps', '4'], config: { bots } });
  const admin = await world.add_user('root', { admin: true });
  tenant = await world.add_user('alice');
  account = await world.add_account(tenant, { key: await world.paper_key({ balances: { USDT: '1000000', BTC: '10' } }) });
  account.exchange = 'binance';
  world.accounts = [account];
  await world.approve(admin, account);
  await world.must('POST', '/api/bots', { token: tenant.token, body: { account_id: account.id, strategy: 'grid', parameters: grid, start: true } });
  await until_trading();
});
after(async () => {
  try {
    await world?.close();
  } finally {
    cluster?.remove();
  }
});

const venue_orders = async () => (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key).orders;
const asks = (sql) => { try { return world.sql(sql); } catch { return undefined; } };

async function until_trading() {
  const least = (await venue_orders()).length + 2;
  await until('new orders', async () => (await venue_orders()).length >= least, 40_000);
}

test('the disk of PostgreSQL is full: the engine lives, and all is booked when there is room', { skip: !may_mount && 'needs root' }, async (t) => {
  // As much as there is, block by block; what is left of PostgreSQL's own files is used up by the bots.
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' });
  const wrote = asks('CREATE TABLE filler AS SELECT repeat(md5(i::text), 30) FROM generate_series(1, 2000000) i');
  assert.equal(wrote, undefined, 'there is no room for a table');
  await until('a write of the engine that is refused', () => /No space left on device/.test(world.log_text('engine')), 60_000);
  await pause(3_000);
  assert.equal(world.engine.how, undefined, 'the engine lives');
  assert.equal((await world.call('GET', '/healthz')).status, 200);
  rmSync(filler);
  if (asks('SELECT 1') !== '1') {
    t.diagnostic('PostgreSQL itself had given up');
    cluster.start();
  }
  await until('readiness', async () => (await world.call('GET', '/readyz')).status === 200, 15_000);
  await until_trading();
  await check_alive(world);
  const bot = (await world.must('GET', '/api/bots', { token: tenant.token })).items[0];
  assert.ok(['running', 'degraded', 'backing_off'].includes(bot.status.state), `${bot.status.state}: ${bot.status.reason}`);
});
