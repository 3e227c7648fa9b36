// kill -9 of the real engine, as often as one likes, at every named place, with an exchange that misbehaves.
//   node crash/run.mjs [--kills N] [--seed S] [--only NAME] [--world N] [--kills-per-world N] [--keep]
// A world is one database and one paper exchange; its kills follow each other, whatever state the one before has left, so that
// recoveries are killed, too. After each kill the exchange's ledger is held against the database; at the end of a world the
// engine must come to rest with all booked. What happens follows from the seed, but for the timing of processes.
import { parseArgs } from 'node:util';

import { pause } from '../harness.mjs';
import { check_always, check_settled, read_books, why_unsettled } from './books.mjs';
import { CrashWorld } from './crash_world.mjs';
import { failpoints, needs_doubt, needs_stop, passages } from './failpoints.mjs';
import { Random } from './random.mjs';

const { values: options } = parseArgs({ options: {
  kills: { type: 'string', default: String(failpoints.length) },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  only: { type: 'string' },
  world: { type: 'string' },
  'kills-per-world': { type: 'string', default: String(failpoints.length) },
  keep: { type: 'boolean', default: false },
} });
const kills = options.world ? Number(options['kills-per-world']) : Number(options.kills);
const seed = Number(options.seed);
const kills_per_world = Number(options['kills-per-world']);
const places = failpoints.filter((name) => !options.only || name.includes(options.only));
if (places.length === 0) throw new Error(`no failpoint has '${options.only}' in its name`);

/** An engine that listens and has not reached its failpoint by then is killed wherever it is. */
const patience_ms = 6_000;
const stop_patience_ms = 12_000;
const settle_ms = 120_000;

const say = (text) => console.log(text);
/** Writes that place, change or cancel orders; the exchange's own misbehaviour (REL-10). */
const faults = [
  { kind: 'error_after_placing' }, { kind: 'timeout_after_placing', ms: 1_500 }, { kind: 'timeout_after_placing', ms: 15_000 },
  { kind: 'error_5xx' }, { kind: 'latency', ms: 15_000 }, { kind: 'latency', ms: 300 }, { kind: 'rate_limit', ms: 300 },
  { kind: 'truncated' }, { kind: 'html' }, { kind: 'garbage' }, { kind: 'reset' },
];

async function plan_faults(world, random, name) {
  await world.clear_faults();
  const wanted = needs_doubt(name) ? 3 : random.chance(0.5) ? random.between(1, 3) : 0;
  const planned = [];
  for (let i = 0; i < wanted; ++i) {
    const fault = { ...random.pick(faults), count: random.between(1, 3), method: 'POST' };
    planned.push(`${fault.kind}${fault.ms ? `=${fault.ms}` : ''}x${fault.count}`);
    await world.plan_fault(fault);
  }
  if (random.chance(0.1)) {
    planned.push('stream reset');
    await world.plan_fault({ kind: 'reset', websocket: true, path: '/' });
  }
  return planned.join(' ');
}

/** A user starts what is stopped; `meddles`: and stops bots, which close their positions, and starts them again. */
async function use_bots(world, random, dead, meddles) {
  for (const id of [...world.stopped]) {
    if (dead()) return;
    const started = await world.ask_bot(id, 'start');
    if (started?.status === 200) world.stopped.delete(id);
  }
  while (meddles && !dead()) {
    const id = random.pick(world.bot_ids);
    world.stopped.add(id);
    await world.ask_bot(id, 'stop');
    for (let i = 0; i < 10 && !dead(); ++i) await pause(100);
    const started = await world.ask_bot(id, 'start');
    if (started?.status === 200) world.stopped.delete(id);
    for (let i = 0; i < 3 && !dead(); ++i) await pause(100);
  }
}

/** One engine until its death; answers how it died. */
async function live_and_die(world, random, name) {
  world.launch_engine({ ENGINE_FAILPOINT: `${name}:kill:${random.between(1, passages(name))}` });
  const engine = world.engine;
  const dead = () => engine.how !== undefined;
  const meddles = needs_stop(name) || random.chance(0.1);
  // It may die before it listens.
  await world.until_listening().catch(() => undefined);
  const use = use_bots(world, random, dead, meddles);
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(() => resolve('late'), needs_stop(name) ? stop_patience_ms : patience_ms); });
  const first = await Promise.race([engine.ended, late]);
  clearTimeout(timer);
  if (first === 'late') engine.kill('SIGKILL');
  const how = await engine.ended;
  await use;
  if (how.signal !== 'SIGKILL') throw new Error(`the engine ended by itself: ${JSON.stringify(how)}\n${world.log_text('engine').slice(-3000)}`);
  return first !== 'late';
}

async function come_to_rest(world) {
  await world.clear_faults();
  await world.start_engine();
  const began = Date.now();
  await world.until_running(settle_ms);
  const alive_ms = Date.now() - began;
  await world.pause_market(true);
  const end = Date.now() + settle_ms;
  let why = 'never looked';
  while (why && Date.now() < end) {
    // Bots place and move orders all the time: between two of their acts everything is settled.
    for (const id of world.bot_ids) await world.ask_bot(id, 'pause');
    await pause(200);
    why = why_unsettled(await read_books(world));
  }
  if (why) throw new Error(`the engine did not come to rest: ${why}`);
  const books = await read_books(world);
  check_settled(books, CrashWorld.opening);
  await world.kill_engine('SIGTERM');
  return { alive_ms, orders: books.accounts.reduce((n, a) => n + a.venue.orders.length, 0), trades: books.fills.length, intents: books.intents.size };
}

const totals = { kills: 0, at_point: 0, orders: 0, trades: 0, intents: 0, alive_ms: 0 };
const reached = new Map(places.map((name) => [name, 0]));
const began = Date.now();
async function run_world(number) {
  const world_seed = (seed * 1_000 + number) >>> 0;
  const random = new Random(world_seed);
  const world = await CrashWorld.make({ seed: world_seed });
  world.stopped = new Set();
  let queue = [];
  let at = 'start';
  try {
    for (let i = 0; i < kills_per_world && totals.kills < kills; ++i) {
      if (queue.length === 0) queue = random.shuffle(places);
      const name = queue.pop();
      const planned = await plan_faults(world, random, name);
      at = `kill ${totals.kills + 1} at ${name}${planned ? ` with ${planned}` : ''}`;
      const struck = await live_and_die(world, random, name);
      totals.kills += 1;
      if (struck) {
        totals.at_point += 1;
        reached.set(name, reached.get(name) + 1);
      }
      check_always(await read_books(world));
    }
    at = 'coming to rest';
    const end = await come_to_rest(world);
    for (const what of ['orders', 'trades', 'intents']) totals[what] += end[what];
    totals.alive_ms = Math.max(totals.alive_ms, end.alive_ms);
    const seconds = (Date.now() - began) / 1000;
    say(`world ${number}: ${totals.kills} kills (${totals.at_point} at their failpoint), ${(seconds / totals.kills).toFixed(2)} s each; ${end.orders} orders, ${end.trades} trades, ${end.intents} intents; trading again in ${end.alive_ms} ms`);
    await world.close();
  } catch (problem) {
    say(`FAILED in world ${number}, ${at}: ${problem.message}`);
    say(`repeat it with: scripts/crash --seed ${seed} --world ${number} --kills-per-world ${kills_per_world}${options.only ? ` --only ${options.only}` : ''}`);
    say(`what is left: ${world.folder}, database ${world.name}`);
    if (!options.keep) await world.close();
    throw problem;
  }
}

let failed = 0;
try {
  if (options.world) await run_world(Number(options.world));
  else for (let number = 1; totals.kills < kills; ++number) await run_world(number);
} catch {
  failed = 1;
}
const missed = [...reached].filter(([, n]) => n === 0).map(([name]) => name);
say(`${places.length} failpoints, ${totals.kills} kills (${totals.at_point} at their failpoint), ${totals.orders} orders and ${totals.trades} trades compared, seed ${seed}`);
say(`longest way back to trading: ${totals.alive_ms} ms`);
if (missed.length > 0) say(`not reached: ${missed.join(' ')}`);
say(`${failed ? 0 : 1} passed, ${failed} failed`);
process.exit(failed);
