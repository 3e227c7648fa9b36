import { ActionIcon, AppShell, Badge, Burger, Button, Center, Group, Loader, NavLink, Text, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { call } from '../lib/api';
import type { LiveState } from '../lib/live';
import { useSession } from '../lib/session';
import type { PendingAccount } from '../lib/types';
import { useLive } from '../lib/use_live';
import { Login } from '../pages/Login';
import { PasswordPrompt } from './PasswordPrompt';

const live_colour: Record<LiveState, string> = { connecting: 'gray.7', live: 'teal.9', stale: '#a8360a', offline: 'red.9' };

interface VersionInfo {
  version: string;
  revision: string;
  environment?: string;
}

function EnvironmentBadge({ info }: { info: VersionInfo | undefined }) {
  const { t } = useTranslation();
  if (info?.environment === undefined) return null;
  const paper = info.environment === 'paper';
  return <Badge color={paper ? 'blue.9' : '#a8360a'} radius="sm">{paper ? t('env.paper') : t('env.live')}</Badge>;
}

function Navigation({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const is_admin = user?.role === 'admin';
  const pending = useQuery({ queryKey: ['pending'], queryFn: () => call<PendingAccount[]>('GET', '/admin/exchanges/pending'), enabled: is_admin, refetchInterval: 5_000 });
  const count = pending.data?.length ?? 0;
  const item = (to: string, label: string, badge?: number) => (
    <NavLink component={Link} to={to} label={label} active={path === to} aria-current={path === to ? 'page' : undefined} onClick={close}
      rightSection={badge ? <Badge size="sm" color="red.9" circle>{badge}</Badge> : null} />
  );
  return (
    <>
      {item('/', t('nav.dashboard'))}
      {item('/accounts', t('nav.accounts'))}
      {item('/security', t('nav.security'))}
      {is_admin && item('/approvals', t('nav.approvals'), count)}
    </>
  );
}

function LoggedIn() {
  const { t } = useTranslation();
  const { user, logout } = useSession();
  const [opened, { toggle, close }] = useDisclosure();
  const { toggleColorScheme } = useMantineColorScheme();
  const live = useLive();
  const info = useQuery({ queryKey: ['version'], queryFn: () => call<VersionInfo>('GET', '/version'), staleTime: Infinity });
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding="md">
      <a className="skip" href="#content">{t('nav.skip')}</a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('nav.menu')} />
            <Text fw={700}>Drover</Text>
            <EnvironmentBadge info={info.data} />
            <Badge color={live_colour[live]} radius="sm" aria-live="polite" data-testid="live">{t(`live.${live}`)}</Badge>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ActionIcon variant="default" size="lg" onClick={toggleColorScheme} aria-label={t('nav.theme')}>◐</ActionIcon>
            <Text size="sm" visibleFrom="sm">{user?.username}</Text>
            <Button size="xs" variant="default" onClick={() => void logout()}>{t('nav.logout')}</Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <AppShell.Section grow component="nav"><Navigation close={close} /></AppShell.Section>
        <AppShell.Section><Text size="xs" c="dimmed">{info.data ? `${info.data.version} ${info.data.revision}` : ''}</Text></AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content"><Outlet /></AppShell.Main>
      <PasswordPrompt />
    </AppShell>
  );
}

export function Shell() {
  const { user, ready } = useSession();
  if (!ready) return <Center h="100vh"><Loader aria-label="loading" /></Center>;
  return user === null ? <Login /> : <LoggedIn />;
}
