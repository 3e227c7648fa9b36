// The named places at which the engine can be killed, read from the sources, so that none is forgotten.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../harness.mjs';

const folders = ['engine', 'exchanges', 'net', 'tenants', 'app'];

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'paper' ? [] : sources(path);
    return entry.name.endsWith('.cpp') ? [path] : [];
  });
}

export const failpoints = [...new Set(folders.flatMap((f) => sources(join(root, f)))
  .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bfailpoint\("([a-z_.]+)"\)/g)].map((m) => m[1])))].sort();

/** Passed many times a second, so that a later passage than the first is worth a kill, too. */
const busy = /^(net|raw\.(before|after)_write|orders\.(before|after)_(intent|send|event|accepted|fill|status|cancel|close)|journal\.(before|after|within)_(intents|updates|fills|states))/;
/** Passed when somebody stops a bot. */
const at_stop = /^bots\.(before_cancel_all|after_cancel_all|before_flatten|flatten_placed|after_flatten|before_rest|after_rest)$/;
/** Passed when an order's outcome is not known. */
const at_doubt = /^orders\.(before_question|after_question|after_proof|before_conclusion|after_conclusion|reconcile_resolved)$/;

export const needs_stop = (name) => at_stop.test(name);
export const needs_doubt = (name) => at_doubt.test(name);
export const passages = (name) => (busy.test(name) ? 12 : 2);
