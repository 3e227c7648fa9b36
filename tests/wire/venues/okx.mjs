export default {
  // Letters and digits only.
  clientId: (word) => `wire${word.replaceAll('-', '')}`,
  // Instruments name no least amount of money.
  minimumCost: null,
  postOnly: 'cancelled',
  unfilledStatus: ['canceled'],
  // createMarketBuyOrderWithCost of ccxt does not say that the size is money.
  marketBuyByCost: (client, symbol, cost) => client.createOrder(symbol, 'market', 'buy', cost, undefined, { tgtCcy: 'quote_ccy' }),
  errors: { passphrase: 'AuthenticationError', afterPlacing: 'RequestTimeout', rateLimit: 'RateLimitExceeded', ban: 'RateLimitExceeded' },
  unknownOrder: '999999999999999999',
  paths: { place: '/api/v5/trade/batch-orders', balance: '/api/v5/account/balance', time: '/api/v5/public/time' },
};
