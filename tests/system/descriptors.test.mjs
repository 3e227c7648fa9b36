// More clients than file descriptors: the engine neither spins nor starves its own connections, and recovers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { pause, until, World } from './harness.mjs';

const clients = 400;
const descriptor_limit = 160;
const watch_ms = 3_000;
const wave = [59_900, 60_130, 59_850, 60_200, 59_950, 60_100];

let world;
let tenant;
let account;
const sockets = [];

before(async () => {
  world = await World.create({ config: { web: { connections_per_address: 4_000, limits: { enabled: false } } } });
  ({ tenant, account } = await world.add_trader());
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  await world.close();
});

const set_limit = (limit) => execFileSync('prlimit', ['--pid', String(world.engine.pid), `--nofile=${limit}:`]);
const fills = () => Number(world.sql(`SELECT count(*) FROM fills WHERE account_id = ${account.id}`));

/** Seconds of processor time, of all threads. */
function processor_s() {
  const fields = readFileSync(`/proc/${world.engine.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What /healthz answers on a connection of its own; nothing when there is none. */
const status_on_a_new_connection = () => new Promise((resolve) => {
  get(`${world.http}/healthz`, { agent: false }, (response) => resolve(response.resume().statusCode)).on('error', () => resolve(undefined));
});

async function trade_on() {
  const seen = fills();
  let i = 0;
  await until('a fill', async () => {
    await world.set_price(wave[i++ % wave.length]);
    await pause(50);
    return fills() > seen;
  }, 30_000);
}

test('clients beyond the limit are turned away or wait, without spinning', async () => {
  set_limit(descriptor_limit);
  const { hostname, port } = new URL(world.http);
  for (let i = 0; i < clients; ++i) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await until('a warning', () => /no connections are accepted for the moment/.test(world.log_text('engine')));
  const began = processor_s();
  await pause(watch_ms);
  const share = (processor_s() - began) / (watch_ms / 1000);
  assert.ok(share < 0.2, `${(100 * share).toFixed(1)} % of a core`);
  const lines = world.log_text('engine').match(/no connections are accepted/g).length;
  assert.ok(lines < 10, `${lines} lines`);
});

test('bots trade on: database and exchange keep their descriptors', trade_on);

test('new connections to the database are still possible', async () => {
  world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
  await trade_on();
});

test('once they are gone everybody is served again', async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await until('an answer', async () => (await status_on_a_new_connection()) === 200);
  // It may be said a moment after the first answer.
  await until('a line about it', () => /connections are accepted again/.test(world.log_text('engine')));
});
