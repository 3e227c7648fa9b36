import { Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { is_problem } from '../lib/api';
import { useSession } from '../lib/session';
import { ProblemAlert } from '../parts/ProblemAlert';

export function Login() {
  const { t } = useTranslation();
  const { login } = useSession();
  const [problem, set_problem] = useState<unknown>(null);
  const [busy, set_busy] = useState(false);
  const form = useForm({ initialValues: { username: '', password: '', code: '' } });

  const [wants_code, set_wants_code] = useState(false);
  const submit = form.onSubmit(async ({ username, password, code }) => {
    set_busy(true);
    set_problem(null);
    try {
      await login(username.trim().toLowerCase(), password, code.trim());
    } catch (error) {
      if (is_problem(error, 'second-factor-required')) set_wants_code(true);
      else set_problem(error);
      set_busy(false);
    }
  });

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w={380} component="form" onSubmit={submit}>
        <Stack>
          <Title order={1} size="h3">{t('login.title')}</Title>
          {problem !== null && <ProblemAlert error={problem} />}
          <TextInput label={t('login.username')} autoComplete="username" autoFocus required {...form.getInputProps('username')} />
          <PasswordInput label={t('login.password')} autoComplete="current-password" required {...form.getInputProps('password')} />
          {wants_code && <TextInput label={t('login.code')} description={t('login.code_hint')} autoComplete="one-time-code" autoFocus required {...form.getInputProps('code')} />}
          <Button type="submit" loading={busy}>{t('login.submit')}</Button>
          <Text size="xs" c="dimmed">{t('login.first_run')}</Text>
        </Stack>
      </Paper>
    </Center>
  );
}
