/** Gate sizes market buys by money only. */
const marketBuy = async (client, symbol, amount, params) => {
  const { asks } = await client.fetchOrderBook(symbol);
  return client.createOrder(symbol, 'market', 'buy', amount, asks[0][0], params);
};

export default {
  clientId: (word) => `t-wire-${word}`,
  findByClientId: (client, id, symbol) => client.fetchOrder(id, symbol),
  marketBuy,
  marketBuySizedByCost: true,
  // ccxt does not know Gate's word for an unfilled FOK order.
  unfilledStatus: ['canceled', 'fok'],
  orderIntervalMs: 110,
  clockOffsetMs: -120_000,
  errors: { tooSmall: 'BadRequest', clock: 'AuthenticationError' },
  paths: { place: '/api/v4/spot/orders', balance: '/api/v4/spot/accounts', time: '/api/v4/spot/time' },
};
