import '@/ui/styles.css'

import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { LiveRunsProvider } from '@/jobs/live-runs'
import { transport } from '@/rpc/transport'

import { queries, router } from './router'

if (location.pathname.startsWith('/runs/')) {
  // A report is three loads deep: they are under way together before anything is rendered.
  void import('./screens/run')
  void import('@/features/results/report')
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
