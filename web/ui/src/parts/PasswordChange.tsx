import { Button, Group, PasswordInput, Stack, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { is_problem, replace_session, with_code } from '../lib/api';
import { notify } from '../lib/notify';
import { ProblemAlert } from './ProblemAlert';

export function PasswordChange() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [problem, set_problem] = useState<unknown>(null);
  const [busy, set_busy] = useState(false);
  const [wants_code, set_wants_code] = useState(false);
  const form = useForm({
    initialValues: { current: '', fresh: '', repeated: '', code: '' },
    validate: { repeated: (value, all) => (value === all.fresh ? null : t('security.repeat_differs')) },
  });

  const submit = form.onSubmit(async ({ current, fresh, code }) => {
    set_busy(true);
    set_problem(null);
    try {
      await replace_session('/api/user/password', with_code({ current_password: current, new_password: fresh }, code.trim()));
      form.reset();
      set_wants_code(false);
      notify(t('security.changed'));
      await queries.invalidateQueries({ queryKey: ['sessions'] });
    } catch (error) {
      if (is_problem(error, 'second-factor-required')) set_wants_code(true);
      else set_problem(error);
    }
    set_busy(false);
  });

  return (
    <section>
      <Title order={2} size="h3" mb="sm">{t('security.password')}</Title>
      <form onSubmit={submit}>
        <Stack maw={380}>
          {problem !== null && <ProblemAlert error={problem} />}
          <PasswordInput label={t('security.current_password')} autoComplete="current-password" required {...form.getInputProps('current')} />
          <PasswordInput label={t('security.new_password')} description={t('security.new_password_hint')} autoComplete="new-password" required {...form.getInputProps('fresh')} />
          <PasswordInput label={t('security.repeat')} autoComplete="new-password" required {...form.getInputProps('repeated')} />
          {wants_code && <TextInput label={t('login.code')} description={t('login.code_hint')} autoComplete="one-time-code" autoFocus required {...form.getInputProps('code')} />}
          <Group><Button type="submit" loading={busy}>{t('security.change')}</Button></Group>
        </Stack>
      </form>
    </section>
  );
}
