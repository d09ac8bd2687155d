import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'

import { Frame } from './frame'

const rootRoute = createRootRoute({ component: Frame })

const launchRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./screens/launch'), 'LaunchScreen'),
})

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  component: lazyRouteComponent(() => import('./screens/runs'), 'RunsScreen'),
})

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$runId',
  component: lazyRouteComponent(() => import('./screens/run'), 'RunScreen'),
})

const dataRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/data',
  component: lazyRouteComponent(() => import('./screens/data'), 'DataScreen'),
})

const configsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/configs',
  component: lazyRouteComponent(() => import('./screens/configs'), 'ConfigsScreen'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([launchRoute, runsRoute, runRoute, dataRoute, configsRoute]),
  defaultPreload: 'intent',
  scrollRestoration: false,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
