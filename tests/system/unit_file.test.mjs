// The unit file that we ship: systemd understands it, it locks the process in, and its limits fit those of the engine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { engine_binary, root } from './harness.mjs';

const unit_file = join(root, 'deploy/systemd/engine.service');
const text = readFileSync(unit_file, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'drover-unit-'));
after(() => rmSync(folder, { recursive: true }));

/** Of the exposure level, ten times, as systemd-analyze counts it. */
const exposure_limit = 15;

const value = (key) => text.match(new RegExp(`^${key}=(.*)$`, 'm'))?.[1];

/** A machine without systemd cannot judge the file; what it says is checked below all the same. */
function analyze(...args) {
  const done = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return done.error?.code === 'ENOENT' ? { status: 0, output: '' } : { status: done.status, output: done.stdout + done.stderr };
}

test('systemd understands every line', () => {
  const installed = join(folder, 'engine.service');
  writeFileSync(installed, text.replaceAll('/usr/bin/engine', engine_binary));
  const verdict = analyze('verify', '--man=no', installed);
  assert.equal(verdict.status, 0, verdict.output);
  assert.doesNotMatch(verdict.output, /engine\.service.*(Unknown|ignoring|Failed)/);
});

test('the process is locked in', () => {
  const verdict = analyze('security', '--offline=yes', `--threshold=${exposure_limit}`, '--no-pager', unit_file);
  assert.equal(verdict.status, 0, verdict.output.slice(-300));
});

test('the watchdog, the drain and the restarts fit the engine', () => {
  assert.equal(value('Type'), 'notify');
  assert.ok(Number(value('WatchdogSec')) <= 10);
  assert.ok(Number(value('TimeoutStopSec')) > 20, 'longer than shutdown_limit');
  assert.equal(value('Restart'), 'on-failure');
  assert.equal(value('RestartPreventExitStatus'), '78');
  assert.equal(value('LimitCORE'), '0');
});

test('the commands it names exist', () => {
  for (const line of text.matchAll(/^Exec\w+=\/usr\/bin\/engine (\S+)/gm)) {
    const done = spawnSync(engine_binary, [line[1], '--help'], { encoding: 'utf8' });
    assert.equal(done.status, 0, `engine ${line[1]}: ${done.stderr}`);
  }
});
