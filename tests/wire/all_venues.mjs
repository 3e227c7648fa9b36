// usage: node all_venues.mjs http://127.0.0.1:PORT
// Runs life_of_orders.mjs for every venue that the paper exchange has, one after the other. Ends in "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { makeControl } from './paper_control.mjs';

const url = process.argv[2];
if (!url) {
  console.error('usage: node all_venues.mjs http://127.0.0.1:PORT');
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const { venue } of await makeControl(url).venues()) {
  const described = existsSync(new URL(`venues/${venue}.mjs`, import.meta.url));
  const run = described && spawnSync(process.execPath, ['life_of_orders.mjs', venue, url], { cwd: import.meta.dirname, encoding: 'utf8' });
  const counts = run && run.stdout.match(/(\d+) passed, (\d+) failed\s*$/);
  console.log(`--- ${venue}`);
  if (run) process.stdout.write(run.stdout + run.stderr);
  else console.log('FAILED  has no description in venues/');
  passed += Number(counts?.[1] ?? 0);
  failed += Number(counts?.[2] ?? 1);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
