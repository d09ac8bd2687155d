import { Screen } from '@/ui/screen'

export function LaunchScreen() {
  return <Screen title="Run">{null}</Screen>
}
