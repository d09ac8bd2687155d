import { Screen } from '@/ui/screen'

export function RunsScreen() {
  return <Screen title="Runs">{null}</Screen>
}
