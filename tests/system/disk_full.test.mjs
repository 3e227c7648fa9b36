// A spool without room: the engine lives and trades on, nothing is missing silently, and it recovers when there is room again.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { pause, until, World } from './harness.mjs';

const disk_mib = 2;
const wave = [59_900, 60_130, 59_850, 60_200, 59_950, 60_100];

let world;
let tenant;
let account;
let spool;
/** Only root may mount; for others the disk's own floor (raw.free_disk_floor, 512 MiB) is covered by the unit tests. */
const may_mount = process.getuid() === 0;

before(async () => {
  world = await World.create({ start: false });
  spool = join(world.folder, 'spool');
  mkdirSync(spool);
  if (may_mount) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk_mib}m,mode=0700`, 'tmpfs', spool]);
  await world.start_engine();
  ({ tenant, account } = await world.add_trader());
});
after(async () => {
  await world.kill_engine('SIGTERM');
  if (may_mount) spawnSync('umount', ['-l', spool]);
  await world.close();
});

const fills = () => Number(world.sql(`SELECT count(*) FROM fills WHERE account_id = ${account.id}`));
async function trade_on() {
  const seen = fills();
  let i = 0;
  await until('fills', async () => {
    await world.set_price(wave[i++ % wave.length]);
    await pause(50);
    return fills() >= seen + 3;
  }, 30_000);
}

test('bots trade on while the spool has no room', async () => {
  // Whatever is free, to the last block.
  if (may_mount) spawnSync('dd', ['if=/dev/zero', `of=${join(spool, 'filler')}`, 'bs=4096']);
  await trade_on();
  assert.equal(world.engine.how, undefined);
});

test('what was dropped is told and leaves gap rows', async () => {
  if (!may_mount) return;
  assert.match(world.log_text('engine'), /raw data is being dropped/);
  rmSync(join(spool, 'filler'));
  await trade_on();
  await until('gap rows', () => Number(world.sql("SELECT count(*) FROM data_gaps WHERE reason LIKE '%spool%'")) > 0, 30_000);
});

test('a start on a full disk is refused with a reason or works, but never crashes', async () => {
  await world.kill_engine('SIGTERM');
  if (may_mount) spawnSync('dd', ['if=/dev/zero', `of=${join(spool, 'filler')}`, 'bs=4096']);
  await world.start_engine();
  await world.until_bot(tenant, account, 'running', 20_000);
  await trade_on();
});
