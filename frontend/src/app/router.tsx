import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'

import { reportSearch } from '@/features/results/report-search'
import { prefetchReport } from '@/features/results/whole-run'
import { dataSearch } from '@/features/catalog/data-search'
import { configsSearch } from '@/features/runner/configs/configs-search'
import { launchSearch } from '@/features/runner/launch/launch-search'
import { runsSearch } from '@/features/runner/runs/runs-search'
import { createQueryClient } from '@/rpc/query-client'
import { transport } from '@/rpc/transport'

import { Frame } from './frame'
import { pacedHistory } from './paced-history'
import { NotFound, ScreenError } from './screen-error'

/** Cache of unary reads. */
export const queries = createQueryClient()

const rootRoute = createRootRoute({ component: Frame, notFoundComponent: NotFound })

const launchRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: launchSearch,
  component: lazyRouteComponent(() => import('./screens/launch'), 'LaunchScreen'),
})

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import('@/features/runner/runs/runs-screen'), 'RunsScreen'),
})

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$runId',
  validateSearch: reportSearch,
  loader: ({ params, cause }) => {
    // Not on hover preloads: the first samples of a run are expensive.
    if (cause === 'enter') prefetchReport(queries, transport, params.runId)
  },
  component: lazyRouteComponent(() => import('./screens/run'), 'RunScreen'),
})

const dataRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/data',
  validateSearch: dataSearch,
  component: lazyRouteComponent(() => import('./screens/data'), 'DataScreen'),
})

const configsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/configs',
  validateSearch: configsSearch,
  component: lazyRouteComponent(() => import('@/features/runner/configs/configs-screen'), 'ConfigsScreen'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([launchRoute, runsRoute, runRoute, dataRoute, configsRoute]),
  history: pacedHistory(),
  defaultErrorComponent: ScreenError,
  defaultPreload: 'intent',
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
