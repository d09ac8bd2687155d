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
  // Another entry of the history is another form.
  const entry = useLocation({ select: ({ state }) => state.__TSR_index })
  const router = useRouter()
  const begun = route.useSearch({ select: ({ config, from }) => (config ?? from) !== undefined })
  useEffect(() => {
    // The screen that a run is watched on is there before the run is; whoever has chosen nothing yet waits for less.
    if (begun) void router.loadRouteChunk(router.routesById['/runs/$runId'])
  }, [router, begun])
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
