import ccxt from 'ccxt';

/** Replaces scheme and host of every URL below `node` by those of the paper exchange. */
function redirectUrls(node, http, ws) {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === 'string') node[key] = value.replace(/^(https?|wss?):\/\/[^/]+/, (_, scheme) => (scheme.startsWith('ws') ? ws : http));
    else if (value && typeof value === 'object') redirectUrls(value, http, ws);
  }
}

/** A ccxt client whose every request goes to `url` ("http://127.0.0.1:PORT/VENUE"). */
export async function makeClient(id, url, keys = {}, options = {}) {
  const client = new ccxt.pro[id]({ ...keys, enableRateLimit: false, options: { defaultType: 'spot', ...options } });
  redirectUrls(client.urls.api, url, url.replace(/^http/, 'ws'));
  await client.loadHttpProxyAgent();
  return client;
}

export { ccxt };
