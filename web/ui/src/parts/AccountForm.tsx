import { Button, Group, Modal, PasswordInput, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiProblem, call } from '../lib/api';
import { notify } from '../lib/notify';
import type { Account, ExchangeInfo } from '../lib/types';
import { ProblemAlert } from './ProblemAlert';

interface Values {
  exchange_name: string;
  label: string;
  api_key: string;
  api_secret: string;
  passphrase: string;
  region: string;
}

/** What the API takes: secrets only when they are being set. */
export function to_request(values: Values, is_new: boolean, with_key: boolean, needs_passphrase: boolean, region_before = 'default') {
  const request: Record<string, string | null> = { label: values.label.trim() };
  if (values.region !== region_before) request.region = values.region;
  if (is_new) request.exchange_name = values.exchange_name;
  if (is_new || with_key) {
    request.api_key = values.api_key.trim();
    request.api_secret = values.api_secret.trim();
    request.passphrase = needs_passphrase ? values.passphrase : null;
  }
  return request;
}

/** Adds an account, or edits one: its label, and on demand its key. Field errors of the engine appear at their field. */
export function AccountForm({ account, close }: { account: Account | null; close: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [replace_key, set_replace_key] = useState(false);
  const exchanges = useQuery({ queryKey: ['exchanges'], queryFn: async () => (await call<{ items: ExchangeInfo[] }>('GET', '/api/v1/exchanges')).items, staleTime: Infinity });
  const form = useForm<Values>({
    initialValues: { exchange_name: account?.exchange_name ?? '', label: account?.label ?? '', api_key: '', api_secret: '', passphrase: '', region: account?.region ?? 'default' },
  });
  const is_new = account === null;
  const with_key = is_new || replace_key;
  const exchange = exchanges.data?.find((e) => e.name === form.values.exchange_name);
  const needs_passphrase = exchange?.needs_passphrase ?? false;
  const regions = exchange?.regions ?? [];

  const save = useMutation({
    mutationFn: (values: Values) => {
      const request = to_request(values, is_new, with_key, needs_passphrase, account?.region);
      return is_new ? call('POST', '/user/exchanges/', request) : call('PATCH', `/user/exchanges/${account.id}`, request);
    },
    onSuccess: () => {
      notify(t(is_new ? 'accounts.added' : 'accounts.saved'));
      void queries.invalidateQueries({ queryKey: ['accounts'] });
      close();
    },
    onError: (error) => {
      if (!(error instanceof ApiProblem)) return;
      for (const { pointer, detail } of error.problem.errors) form.setFieldError(pointer.replace(/^\//, ''), detail);
    },
  });

  return (
    <Modal opened onClose={close} closeButtonProps={{ 'aria-label': t('close') }} title={is_new ? t('accounts.add') : `${t('accounts.edit')}: ${account.label}`}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} autoComplete="off">
        <Stack>
          {save.isError && <ProblemAlert error={save.error} />}
          {is_new && (
            <Select label={t('accounts.exchange')} required searchable data={(exchanges.data ?? []).map((e) => e.name)} {...form.getInputProps('exchange_name')} />
          )}
          {regions.length > 1 && (
            <Select label={t('accounts.region')} description={is_new ? undefined : t('accounts.region_hint')} allowDeselect={false}
              data={regions.map((r) => ({ value: r.name, label: `${r.name} (${r.base_url})` }))} {...form.getInputProps('region')} />
          )}
          <TextInput label={t('accounts.label')} required maxLength={64} {...form.getInputProps('label')} />
          {!is_new && (
            <Switch label={t('accounts.new_key')} description={t('accounts.new_key_hint')} checked={replace_key}
              onChange={(event) => set_replace_key(event.currentTarget.checked)} />
          )}
          {with_key && (
            <>
              <Text size="sm" c="dimmed">{t('accounts.key_hint')}</Text>
              <TextInput label={t('accounts.api_key')} required autoComplete="off" {...form.getInputProps('api_key')} />
              <PasswordInput label={t('accounts.api_secret')} description={t('accounts.secret_hint')} required autoComplete="new-password" {...form.getInputProps('api_secret')} />
              {needs_passphrase && (
                <PasswordInput label={t('accounts.passphrase')} required autoComplete="new-password" {...form.getInputProps('passphrase')} />
              )}
            </>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('accounts.cancel')}</Button>
            <Button type="submit" loading={save.isPending}>{t(is_new ? 'accounts.submit_add' : 'accounts.submit_edit')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
