import { getRouteApi, useLocation, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

import { NoData } from '@/features/catalog/no-data'
import { Launch } from '@/features/runner/launch/launch'
import { Screen } from '@/ui/screen'

const route = getRouteApi('/')

export function LaunchScreen() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  // Another entry of the history is another form; what this one writes into the URL stays in its entry.
  const entry = useLocation({ select: ({ state }) => state.__TSR_index })
  const router = useRouter()
  const begun = (search.config ?? search.from) !== undefined
  useEffect(() => {
    // The screen that a run is watched on is there before the run is; whoever has chosen nothing yet waits for less.
    if (begun) void router.loadRouteChunk(router.routesById['/runs/$runId'])
  }, [router, begun])
  return (
    <Screen title="Run">
      <Launch
        key={entry}
        initial={search}
        onSearch={(search) => void navigate({ search, replace: true })}
        onLaunched={({ runId }) => void navigate({ to: '/runs/$runId', params: { runId } })}
        noData={(props) => <NoData {...props} />}
      />
    </Screen>
  )
}
