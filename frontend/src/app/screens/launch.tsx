import { getRouteApi, useLocation, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

import { NoData } from '@/features/catalog/no-data'
import { Launch } from '@/features/runner/launch/launch'
import type { LaunchSearch } from '@/features/runner/launch/launch-search'
import { useAddress } from '@/ui/address'
import { Screen } from '@/ui/screen'

const route = getRouteApi('/')

export function LaunchScreen() {
  const address = useAddress<LaunchSearch>()
  const navigate = route.useNavigate()
  // Each history entry has its own form state.
  const entry = useLocation({ select: ({ state }) => state.__TSR_index })
  const router = useRouter()
  const hasChoice = route.useSearch({ select: ({ config, from }) => (config ?? from) !== undefined })
  useEffect(() => {
    // Preload the screen that shows the run, but only once something is chosen, to keep the empty form light.
    if (hasChoice) void router.loadRouteChunk(router.routesById['/runs/$runId'])
  }, [router, hasChoice])
  return (
    <Screen title="Run">
      <Launch
        key={entry}
        address={address}
        onLaunched={({ runId }) => void navigate({ to: '/runs/$runId', params: { runId } })}
        noData={(props) => <NoData {...props} />}
      />
    </Screen>
  )
}
