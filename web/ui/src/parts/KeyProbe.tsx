import { Badge, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { format_ago, format_utc } from '../lib/format';
import type { Probe } from '../lib/types';

const rights = ['may_read', 'may_trade', 'may_withdraw', 'address_bound'] as const;

/** A right that is as it should be, one that is not, or one that the exchange does not tell. */
function colour_of(right: (typeof rights)[number], value: boolean | null) {
  if (value === null) return 'gray.7';
  return value === (right !== 'may_withdraw') ? 'teal.9' : '#a8360a';
}

/** What the exchange said of a key when it was last asked. */
export function KeyProbe({ probe, waived }: { probe: Probe | null; waived: boolean }) {
  const { t } = useTranslation();
  if (probe === null) return <Text size="xs" c="dimmed">{t('probe.never')}</Text>;
  return (
    <>
      <Group gap={4} mt={4}>
        {rights.map((right) => (
          <Badge key={right} size="xs" radius="sm" variant="outline" color={colour_of(right, probe[right])}>
            {t(`probe.${right}`)}: {t(probe[right] === null ? 'probe.unknown' : probe[right] ? 'probe.yes' : 'probe.no')}
          </Badge>
        ))}
      </Group>
      {!probe.passed && <Text size="xs" c="red.9">{probe.reason}</Text>}
      {waived && <Text size="xs">{t('probe.waived')}</Text>}
      <Text size="xs" c="dimmed" title={format_utc(probe.at)}>
        {t('probe.asked', { ago: format_ago(probe.at, Date.now()) })}
        {probe.clock_offset_ms !== null && `, ${t('probe.clock', { ms: probe.clock_offset_ms })}`}
      </Text>
    </>
  );
}
