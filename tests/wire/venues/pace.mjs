import { ccxt } from '../redirect.mjs';

/** Keeps every client of a ccxt class below a number of requests a second for each of `groupOf(path, api)`: the script is no storm. */
export function paceRequests(id, perSecond, groupOf) {
  const next = new Map();
  const send = ccxt.pro[id].prototype.fetch2;
  ccxt.pro[id].prototype.fetch2 = async function paced(path, api = 'public', ...rest) {
    const group = groupOf(path, api, this);
    const at = Math.max(Date.now(), next.get(group) ?? 0);
    next.set(group, at + 1000 / perSecond);
    if (at > Date.now()) await this.sleep(at - Date.now());
    return send.call(this, path, api, ...rest);
  };
}
