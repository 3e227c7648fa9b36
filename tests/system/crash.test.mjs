// A short run of scripts/crash: kill -9 once at every named place of the engine. The long ones are scripts/crash --kills N.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { failpoints } from './crash/failpoints.mjs';

const kills = Number(process.env.DROVER_KILLS ?? failpoints.length);
const limit_ms = 60_000 + 6_000 * kills;

test('kill -9 at every failpoint: no order is doubled, forgotten or unexplained, every trade is booked once', () => {
  assert.ok(failpoints.length >= 25, `${failpoints.length} failpoints`);
  const run = spawnSync(process.execPath, ['crash/run.mjs', '--kills', String(kills), ...(process.env.DROVER_SEED ? ['--seed', process.env.DROVER_SEED] : [])],
    { cwd: import.meta.dirname, encoding: 'utf8', timeout: limit_ms });
  console.log(run.stdout);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  const [, struck] = /\((\d+) at their failpoint\), \d+ orders/.exec(run.stdout);
  assert.ok(Number(struck) >= kills * 0.6, `only ${struck} of ${kills} kills were at their failpoint`);
});
