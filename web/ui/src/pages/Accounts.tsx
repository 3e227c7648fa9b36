import { Badge, Button, Group, Skeleton, Switch, Table, Text, Title, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { call } from '../lib/api';
import { format_ago, format_utc } from '../lib/format';
import { notify } from '../lib/notify';
import type { Account } from '../lib/types';
import { AccountForm } from '../parts/AccountForm';
import { Connection } from '../parts/Connection';
import { KeyProbe } from '../parts/KeyProbe';
import { ProblemAlert } from '../parts/ProblemAlert';

const status_colour = { PENDING: '#a8360a', APPROVED: 'teal.9', REJECTED: 'red.9' } as const;
const refresh_interval_ms = 5_000;

function ActiveSwitch({ account }: { account: Account }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const toggle = useMutation({
    mutationFn: (is_active: boolean) => call<Account>('PATCH', `/user/exchanges/${account.id}/toggle`, { is_active }),
    onSuccess: (changed) => notify(t(changed.is_active ? 'accounts.on' : 'accounts.off')),
    onError: (error) => notify(error.message, 'red'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['accounts'] }),
  });
  const locked = account.status !== 'APPROVED';
  return (
    <Tooltip label={t('accounts.toggle_locked')} disabled={!locked}>
      <Switch checked={account.is_active} disabled={locked || toggle.isPending} aria-label={t('accounts.toggle', { label: account.label })}
        onChange={(event) => toggle.mutate(event.currentTarget.checked)} />
    </Tooltip>
  );
}

function ProbeButton({ account }: { account: Account }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const probe = useMutation({
    mutationFn: () => call<Account>('POST', `/user/exchanges/${account.id}/probe`),
    onSuccess: (asked) => notify(asked.probe?.passed ? t('probe.passed') : (asked.probe?.reason ?? ''), asked.probe?.passed ? undefined : 'red'),
    onError: (error) => notify(error.message, 'red'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['accounts'] }),
  });
  return <Button size="xs" variant="default" loading={probe.isPending} onClick={() => probe.mutate()}>{t('probe.ask')}</Button>;
}

function DeleteButton({ account }: { account: Account }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => call('DELETE', `/user/exchanges/${account.id}`),
    onSuccess: () => notify(t('accounts.deleted')),
    onError: (error) => notify(error.message, 'red'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['accounts'] }),
  });
  const ask = () =>
    modals.openConfirmModal({
      closeButtonProps: { 'aria-label': t('close') },
      title: t('accounts.delete_title', { label: account.label }),
      children: <Text size="sm">{t('accounts.delete_text')}</Text>,
      labels: { confirm: t('accounts.delete_confirm'), cancel: t('accounts.cancel') },
      confirmProps: { color: 'red.9' },
      onConfirm: () => remove.mutate(),
    });
  return <Button size="xs" variant="outline" color="red.9" loading={remove.isPending} onClick={ask}>{t('accounts.delete')}</Button>;
}

function Row({ account, edit }: { account: Account; edit: () => void }) {
  const { t } = useTranslation();
  return (
    <Table.Tr>
      <Table.Td>{account.label}</Table.Td>
      <Table.Td>{account.exchange_name}{account.region !== 'default' && <Text size="xs" c="dimmed">{account.region}</Text>}</Table.Td>
      <Table.Td><Text ff="monospace" size="sm">{account.api_key}</Text><KeyProbe probe={account.probe} waived={account.withdraw_waived} /></Table.Td>
      <Table.Td>
        <Badge color={status_colour[account.status]} radius="sm">{account.status}</Badge>
        {account.error_message !== null && <Text size="xs" c="dimmed">{account.error_message}</Text>}
      </Table.Td>
      <Table.Td><ActiveSwitch account={account} /></Table.Td>
      <Table.Td maw={280}>
        <Text size="sm" fw={600}>{account.bot.state}</Text>
        <Text size="xs" c="dimmed">{account.bot.reason}</Text>
      </Table.Td>
      <Table.Td maw={260}><Connection account={account} /></Table.Td>
      <Table.Td title={format_utc(account.created_at)}>{format_ago(account.created_at, Date.now())}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" onClick={edit}>{t('accounts.edit')}</Button>
          <ProbeButton account={account} />
          <DeleteButton account={account} />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

export function Accounts() {
  const { t } = useTranslation();
  const [editing, set_editing] = useState<Account | 'new' | null>(null);
  const accounts = useQuery({
    queryKey: ['accounts'],
    queryFn: () => call<Account[]>('GET', '/user/exchanges/'),
    refetchInterval: refresh_interval_ms,
  });
  const columns = ['label', 'exchange', 'key', 'status', 'active', 'bot', 'connection', 'created', 'actions'] as const;
  return (
    <>
      <Group justify="space-between" mb="md">
        <Title order={1} size="h2">{t('accounts.title')}</Title>
        <Button onClick={() => set_editing('new')}>{t('accounts.add')}</Button>
      </Group>
      {accounts.isError && <ProblemAlert error={accounts.error} retry={() => void accounts.refetch()} />}
      {accounts.isPending && <Skeleton h={160} />}
      {accounts.data?.length === 0 && <Text>{t('accounts.empty')}</Text>}
      {accounts.data !== undefined && accounts.data.length > 0 && (
        <Table.ScrollContainer minWidth={900} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table verticalSpacing="sm">
            <Table.Thead>
              <Table.Tr>{columns.map((name) => <Table.Th key={name}>{t(`accounts.${name}`)}</Table.Th>)}</Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {accounts.data.map((account) => <Row key={account.id} account={account} edit={() => set_editing(account)} />)}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {editing !== null && <AccountForm account={editing === 'new' ? null : editing} close={() => set_editing(null)} />}
    </>
  );
}
