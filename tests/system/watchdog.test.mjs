// The real engine under a service manager of our own: it is ready past its recovery gate, feeds the watchdog only by useful
// work, and says when it reloads and stops.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { pause, until, World } from './harness.mjs';
import { NotifySocket } from './notify_socket.mjs';

const watchdog_ms = 4_000;
/** Beats of a hung thread before it hangs: it must have been fed first. */
const healthy_beats = 16;

let world;
let notify;
let tenant;
let account;

before(async () => {
  world = await World.create();
  notify = await NotifySocket.open(world.folder);
  const admin = await world.add_user('root', { admin: true });
  tenant = await world.add_user('alice');
  account = await world.add_account(tenant);
  await world.approve(admin, account);
  await world.until_bot(tenant, account, 'running');
  await world.kill_engine('SIGTERM');
});
after(async () => {
  notify.close();
  await world.close();
});

/** `hung`: a failpoint whose thread stops turning. */
async function start(hung) {
  if (!world.engine.how) await world.kill_engine('SIGKILL');
  notify.clear();
  await world.start_engine({ ...notify.environment(watchdog_ms), ...(hung ? { ENGINE_FAILPOINT: hung } : {}) });
}

test('is ready only past the recovery gate, and not before', async () => {
  await world.must('POST', '/paper/faults', { base: world.paper, body: { kind: 'latency', count: 1000, ms: 400, path: '/api/v3' } });
  await start();
  const states = [];
  await until('READY=1', async () => {
    const ready = notify.last('READY=1');
    const seen = world.sql('SELECT 1') && (await world.bot(tenant, account)).state;
    if (!ready) states.push(seen);
    return ready;
  }, 20_000);
  assert.ok(states.some((s) => ['starting', 'reconciling', 'off'].includes(s)), `before it was ready: ${states}`);
  assert.equal((await world.bot(tenant, account)).state, 'running');
  assert.ok(notify.all('STATUS=Starting').length > 0);
  await notify.until('STATUS=Trading; bots: 1 running', 10_000);
  await world.must('DELETE', '/paper/faults', { base: world.paper });
});

test('feeds the watchdog at most half of its time apart', async () => {
  await pause(2 * watchdog_ms);
  const fed = notify.all('WATCHDOG=1').map((m) => m.at);
  assert.ok(fed.length >= 4, `${fed.length} times`);
  const gaps = fed.slice(1).map((at, i) => at - fed[i]);
  assert.ok(Math.max(...gaps) <= watchdog_ms / 2 + 200, `gaps in ms: ${gaps}`);
});

test('says when it reloads and when that is done', async () => {
  notify.clear();
  world.engine.kill('SIGHUP');
  await notify.until('RELOADING=1', 5_000);
  await notify.until('READY=1', 5_000);
});

test('says when it stops, and is fed until it has', async () => {
  const how = await world.kill_engine('SIGTERM');
  assert.deepEqual(how, { code: 0, signal: null });
  assert.ok(notify.last('STOPPING=1'));
});

test('a start that hangs is not given more time', async () => {
  await world.must('POST', '/paper/faults', { base: world.paper, body: { kind: 'latency', count: 1000, ms: 1000, path: '/api/v3' } });
  await start('app.trading_thread:hang:6');
  await notify.until_silent(watchdog_ms, 40_000);
  assert.equal(notify.last('READY=1'), undefined);
  assert.ok(notify.all('EXTEND_TIMEOUT_USEC=').length > 0);
  await world.must('DELETE', '/paper/faults', { base: world.paper });
});

for (const [part, name] of [['the trading thread', 'app.trading_thread'], ['the web thread', 'app.web_thread'],
  ['the main thread', 'app.main_thread'], ["the raw record's writer", 'raw.sync']]) {
  test(`is not fed any more when ${part} hangs`, async () => {
    await start(`${name}:hang:${healthy_beats}`);
    await notify.until_silent(watchdog_ms, 40_000);
    // Nothing makes it come back.
    await pause(watchdog_ms / 2);
    assert.ok(Date.now() - notify.last('WATCHDOG=1').at >= watchdog_ms);
    if (name !== 'app.main_thread') assert.match(world.log_text('engine'), new RegExp(`the watchdog is not fed any more.*${part}`));
    await start();
    await notify.until('READY=1', 30_000);
    assert.equal((await world.bot(tenant, account)).state, 'running');
  });
}
