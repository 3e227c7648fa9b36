// A long-lived part of the real engine that fails is started again; one that cannot be takes the process down in order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until, World } from './harness.mjs';

let world;
before(async () => {
  world = await World.create();
});
after(() => world.close());

test('a part that fails is started again while the rest goes on', async () => {
  await world.kill_engine('SIGTERM');
  await world.start_engine({ ENGINE_FAILPOINT: 'service.database listener:throw' });
  await until('a restart', () => /a service failed, it is started again.*database listener/.test(world.log_text('engine')));
  // It hears of new users again.
  assert.ok((await world.add_user('alice')).token);
  assert.equal(world.engine.how, undefined);
});

test('a part that may not be restarted ends the process in order, for its supervisor to start a new one', async () => {
  await world.kill_engine('SIGTERM');
  await world.start_engine({ ENGINE_FAILPOINT: 'service.raw recorder:throw' });
  assert.deepEqual(await world.engine.ended, { code: 1, signal: null });
  assert.match(world.log_text('engine'), /the engine cannot go on and stops.*raw recorder/);
  await world.start_engine();
  assert.equal((await world.call('GET', '/healthz')).status, 200);
});
