export default {
  clientId: (word) => `wire-${word}`,
  // fetchOrder wants the venue's id.
  findByClientId: null,
  unknownOrder: '66fe2a4a1d5a0b0007e8b8f1',
  feeOfBuy: 'USDT',
  postOnly: 'cancelled',
  unfilledStatus: ['canceled'],
  errors: {
    passphrase: 'AuthenticationError',
    duplicate: 'BadRequest',
    afterPlacing: 'ExchangeNotAvailable',
    rateLimit: 'ExchangeError',
    ban: 'ExchangeError',
    serverError: 'BaseError',
  },
  paths: { place: '/api/v1/hf/orders', balance: '/api/v1/accounts', time: '/api/v1/timestamp' },
};
