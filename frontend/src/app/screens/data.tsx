import { Screen } from '@/ui/screen'

export function DataScreen() {
  return <Screen title="Data">{null}</Screen>
}
