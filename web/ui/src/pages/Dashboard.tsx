import { Card, Group, List, SegmentedControl, SimpleGrid, Skeleton, Table, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { call } from '../lib/api';
import { add_decimals, format_ago, format_amount, format_utc } from '../lib/format';
import type { Account, Earning, EarningsTotal, EarningsUpdate, SeriesPoint } from '../lib/types';
import { useEarningsUpdates } from '../lib/use_live';
import { EarningsChart } from '../parts/EarningsChart';
import { ProblemAlert } from '../parts/ProblemAlert';

const ranges = ['1h', '24h', '7d', '30d'] as const;
const amount_places = 4;
const recent_limit = 10;
const default_asset = 'USDT';

function sign_class(amount: string) {
  return amount.startsWith('-') ? 'down' : /[1-9]/.test(amount) ? 'up' : '';
}

function Figure({ label, children, test_id }: { label: string; children: React.ReactNode; test_id?: string }) {
  return (
    <Card withBorder padding="md">
      <Text size="sm" c="dimmed">{label}</Text>
      <Text size="xl" fw={700} className="amount" ta="left" data-testid={test_id}>{children}</Text>
    </Card>
  );
}

function StartHere() {
  const { t } = useTranslation();
  return (
    <Card withBorder>
      <Title order={2} size="h4">{t('dashboard.start_title')}</Title>
      <List type="ordered" mt="xs">
        <List.Item>{t('dashboard.step_connect')}</List.Item>
        <List.Item>{t('dashboard.step_wait')}</List.Item>
        <List.Item>{t('dashboard.step_trade')}</List.Item>
      </List>
    </Card>
  );
}

function Recent({ earnings }: { earnings: Earning[] }) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('dashboard.time')}</Table.Th>
            <Table.Th>{t('dashboard.account')}</Table.Th>
            <Table.Th>{t('dashboard.source')}</Table.Th>
            <Table.Th className="amount">{t('dashboard.amount')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {earnings.map((e) => (
            <Table.Tr key={e.id}>
              <Table.Td title={format_utc(e.at)}>{format_ago(e.at, Date.now())}</Table.Td>
              <Table.Td>{e.account_id}</Table.Td>
              <Table.Td>{e.source}</Table.Td>
              <Table.Td className={`amount ${sign_class(e.amount)}`}>{format_amount(e.amount, amount_places, true)} {e.asset}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Earnings, moving as they happen: the socket's total wins over the last answer of the API. */
export function Dashboard() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [range, set_range] = useState<(typeof ranges)[number]>('24h');
  const totals = useQuery({ queryKey: ['totals'], queryFn: () => call<EarningsTotal[]>('GET', '/api/earnings/summary') });
  const series = useQuery({
    queryKey: ['series', range],
    queryFn: () => call<SeriesPoint[]>('GET', `/api/earnings/series?asset=${default_asset}&range=${range}`),
  });
  const recent = useQuery({ queryKey: ['recent'], queryFn: () => call<Earning[]>('GET', `/api/earnings?limit=${recent_limit}`) });
  const accounts = useQuery({ queryKey: ['accounts'], queryFn: () => call<Account[]>('GET', '/user/exchanges/') });

  const on_update = useCallback((update: EarningsUpdate) => {
    queries.setQueryData<EarningsTotal[]>(['totals'], (old) => {
      const others = (old ?? []).filter((row) => row.source !== update.source || row.asset !== update.asset);
      const same = (old ?? []).find((row) => row.source === update.source && row.asset === update.asset);
      return [...others, { source: update.source, asset: update.asset, amount: update.total, count: (same?.count ?? 0) + (update.snapshot ? 0 : 1) }];
    });
    if (update.snapshot) return;
    queries.setQueriesData<SeriesPoint[]>({ queryKey: ['series'] }, (old) => [...(old ?? []), { at: update.at, amount: update.amount, total: update.total }]);
    void queries.invalidateQueries({ queryKey: ['recent'] });
  }, [queries]);
  useEarningsUpdates(on_update);

  const total = (totals.data ?? []).filter((row) => row.asset === default_asset).reduce((sum, row) => add_decimals(sum, row.amount), '0');
  const today = (range === '24h' ? series.data ?? [] : []).reduce((sum, point) => add_decimals(sum, point.amount), '0');
  const running = (accounts.data ?? []).filter((a) => a.bot.state === 'running').length;
  const open_orders = (accounts.data ?? []).reduce((sum, a) => sum + a.bot.open_orders, 0);
  const failed = [totals, series, recent, accounts].find((q) => q.isError);
  const empty = recent.data?.length === 0 && series.data?.length === 0;

  return (
    <>
      <Title order={1} size="h2" mb="md">{t('dashboard.title')}</Title>
      {failed && <ProblemAlert error={failed.error} retry={() => void queries.invalidateQueries()} />}
      <SimpleGrid cols={{ base: 2, md: 4 }} mb="md">
        <Figure label={t('dashboard.total')} test_id="total"><span className={sign_class(total)}>{format_amount(total, amount_places, true)}</span> {default_asset}</Figure>
        <Figure label={t('dashboard.today')}>{range === '24h' ? format_amount(today, amount_places, true) : '\u2013'} {default_asset}</Figure>
        <Figure label={t('dashboard.running')} test_id="running">{running}</Figure>
        <Figure label={t('dashboard.open_orders')}>{open_orders}</Figure>
      </SimpleGrid>
      {empty && <StartHere />}
      <Card withBorder my="md">
        <Group justify="space-between" mb="sm">
          <Title order={2} size="h4">{t('dashboard.chart')}</Title>
          <SegmentedControl size="xs" data={[...ranges]} value={range} onChange={(value) => set_range(value as typeof range)} aria-label={t('dashboard.chart')} />
        </Group>
        {series.isPending ? <Skeleton h={280} /> : (series.data ?? []).length === 0 ? <Text c="dimmed">{t('dashboard.chart_empty')}</Text>
          : <EarningsChart points={series.data ?? []} label={t('dashboard.chart')} />}
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">{t('dashboard.recent')}</Title>
        <Recent earnings={recent.data ?? []} />
      </Card>
    </>
  );
}
