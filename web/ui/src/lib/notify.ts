import { notifications } from '@mantine/notifications';

import i18n from './i18n';

/** A toast that a keyboard and a screen reader can dismiss. */
export function notify(message: string, colour?: 'red') {
  notifications.show({ message, color: colour, closeButtonProps: { 'aria-label': i18n.t('close') } });
}
