import { getRouteApi } from '@tanstack/react-router'

import { Screen } from '@/ui/screen'

const route = getRouteApi('/runs/$runId')

export function RunScreen() {
  const { runId } = route.useParams()
  return <Screen title={runId}>{null}</Screen>
}
