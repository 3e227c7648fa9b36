import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { call } from '../lib/api';
import { format_health } from '../lib/format';
import type { Account, AccountHealth } from '../lib/types';

const refresh_interval_ms = 15_000;
const colour = { ok: 'teal.9', degraded: '#a8360a', down: 'red.9', idle: 'dimmed' } as const;

/** How an account's connection to its exchange is doing, and every reason why it is not doing well. */
export function Connection({ account }: { account: Account }) {
  const { t } = useTranslation();
  const health = useQuery({
    queryKey: ['health', account.id],
    queryFn: () => call<AccountHealth>('GET', `/user/exchanges/${account.id}/health`),
    refetchInterval: refresh_interval_ms,
    enabled: account.is_active,
  });
  if (health.data === undefined) return null;
  const { state, reasons } = health.data;
  return (
    <>
      <Text size="sm" fw={600} c={colour[state]}>{t(`accounts.health_${state}`)}</Text>
      {reasons.map((reason) => <Text key={reason} size="xs" c="dimmed">{reason}</Text>)}
      <Text size="xs" c="dimmed">{format_health(health.data)}</Text>
    </>
  );
}
