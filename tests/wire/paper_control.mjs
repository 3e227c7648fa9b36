/** Control calls of the paper exchange; PAPER_CONTROL_TOKEN is the bearer token when it wants one. */
export function makeControl(url) {
  const headers = process.env.PAPER_CONTROL_TOKEN ? { Authorization: `Bearer ${process.env.PAPER_CONTROL_TOKEN}` } : {};
  async function call(method, path, body) {
    const answer = await fetch(url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }
  return {
    openAccount: (balances, more = {}) => call('POST', '/paper/accounts', { balances, ...more }),
    isRecorded: async (symbol) => (await call('GET', '/paper/health')).recorded.includes(symbol),
    state: (key) => call('GET', `/paper/state?api_key=${key}`),
    price: (symbol, price) => call('POST', '/paper/price', { symbol, price: String(price) }),
    pause: (paused) => call('POST', '/paper/market', { paused }),
    fault: (fault) => call('POST', '/paper/faults', fault),
    venues: () => call('GET', '/paper/venues'),
    enforceLimits: (venue, enforced) => call('POST', '/paper/limits', { venue, enforced }),
    limits: () => call('GET', '/paper/limits'),
    clearFaults: () => call('DELETE', '/paper/faults'),
  };
}
