import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';

import { NotFound } from './parts/NotFound';
import { Shell } from './parts/Shell';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const page = (path: string, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load as never, name as never) });

export const router = createRouter({
  routeTree: root.addChildren([
    page('/', () => import('./pages/Dashboard'), 'Dashboard'),
    page('/accounts', () => import('./pages/Accounts'), 'Accounts'),
    page('/security', () => import('./pages/Security'), 'Security'),
    page('/approvals', () => import('./pages/Approvals'), 'Approvals'),
  ]),
});
