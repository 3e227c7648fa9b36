// A bot whose code ends the process, by a crash or by never ending: the next process trades without it, and without a crash loop.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { pause, until, World } from './harness.mjs';
import { NotifySocket } from './notify_socket.mjs';

const watchdog_ms = 4_000;
const wave = [59_900, 60_130, 59_850, 60_200, 59_950, 60_100];
/** What others may wait for until they trade again (REL-53). */
const recovery_limit_ms = 30_000;

let world;
let notify;
const good = {};
const bad = {};

before(async () => {
  world = await World.create({ config: { bots: { venue_processing_bound: '1s', validity_window: '1s', send_limit: '1s' } } });
  notify = await NotifySocket.open(world.folder);
  await world.hold_market(60_000);
  const admin = await world.add_user('root', { admin: true });
  for (const [side, name] of [[good, 'alice'], [bad, 'mallory']]) {
    side.user = await world.add_user(name);
    side.account = await world.add_account(side.user);
    await world.approve(admin, side.account);
    await world.until_bot(side.user, side.account, 'running');
    side.bot = Number(world.sql(`SELECT id FROM bots WHERE account_id = ${side.account.id}`));
  }
});
after(async () => {
  notify.close();
  await world.close();
});

const fills_of = (side) => Number(world.sql(`SELECT count(*) FROM fills WHERE account_id = ${side.account.id}`));

async function move_price(until_what, limit_ms) {
  let i = 0;
  return until(until_what.name, async () => {
    await world.set_price(wave[i++ % wave.length]);
    await pause(50);
    return until_what();
  }, limit_ms);
}

/** The good bot trades, the bad one is quarantined and stays so, whatever the market does. */
async function check_recovery(since) {
  const before_trades = fills_of(good);
  await move_price(function good_bot_trades() { return fills_of(good) > before_trades; }, recovery_limit_ms);
  const took = Date.now() - since;
  assert.ok(took <= recovery_limit_ms, `${took} ms`);
  const state = await world.until_bot(bad.user, bad.account, 'quarantined');
  assert.match(state.reason ?? JSON.stringify(state), /died inside this bot's on_\w+|died inside this bot's \w+/);
  let moves = 0;
  await move_price(function no_crash_loop() { return ++moves > 20; }, 30_000);
  assert.equal(world.engine.how, undefined, 'the engine lives');
}

async function press_start_for_a_sane_bot() {
  await world.kill_engine('SIGTERM');
  await world.start_engine();
  assert.equal((await world.until_bot(bad.user, bad.account, 'quarantined')).state, 'quarantined');
  await world.must('POST', `/api/bots/${bad.bot}/stop`, { token: bad.user.token });
  await world.must('POST', `/api/bots/${bad.bot}/start`, { token: bad.user.token });
  await world.until_bot(bad.user, bad.account, 'running', 20_000);
}

test('a bot that crashes the process starts quarantined, and others trade', async () => {
  const armed = { ENGINE_FAILPOINT: `bots.turn.${bad.bot}:crash:8` };
  await world.kill_engine('SIGTERM');
  await world.start_engine(armed);
  await move_price(function engine_dies() { return world.engine.how; }, 30_000);
  const since = Date.now();
  assert.equal(world.engine.how.signal, 'SIGSEGV');
  assert.match(world.log_text('engine'), new RegExp(`engine: died of SIGSEGV in thread trading, inside bot ${bad.bot}'s \\w+`));
  await world.start_engine(armed);
  await check_recovery(since);
});

test('it is tried again when its user presses start', press_start_for_a_sane_bot);

test('a bot whose code never ends starts quarantined after the watchdog, and others trade', async () => {
  const armed = { ENGINE_FAILPOINT: `bots.turn.${bad.bot}:hang:12`, ...notify.environment(watchdog_ms) };
  await world.kill_engine('SIGTERM');
  notify.clear();
  await world.start_engine(armed);
  let hung = false;
  notify.until_silent(watchdog_ms, 40_000).then(() => (hung = true), () => (hung = false));
  await move_price(function engine_hangs() { return hung; }, 40_000);
  const since = Date.now();
  assert.equal((await world.kill_engine('SIGKILL')).signal, 'SIGKILL');
  await world.start_engine(armed);
  await check_recovery(since);
});

test('it may be started again after that, too', press_start_for_a_sane_bot);
