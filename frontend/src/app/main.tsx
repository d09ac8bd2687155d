import '@/ui/styles.css'

import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { prefetchReport } from '@/features/results/whole-run'
import { LiveRunsProvider } from '@/jobs/live-runs'
import { transport } from '@/rpc/transport'

import { queries, router } from './router'

// Start fetching what a report needs before anything is rendered.
const [, runId] = /^\/runs\/([^/]+)$/.exec(location.pathname) ?? []
if (runId !== undefined) {
  prefetchReport(queries, transport, runId)
  void import('./screens/run')
}

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no #root')
createRoot(root).render(
  <StrictMode>
    <TransportProvider transport={transport}>
      <QueryClientProvider client={queries}>
        <LiveRunsProvider>
          <RouterProvider router={router} />
        </LiveRunsProvider>
      </QueryClientProvider>
    </TransportProvider>
  </StrictMode>,
)
