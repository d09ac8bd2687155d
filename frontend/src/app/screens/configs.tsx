import { Screen } from '@/ui/screen'

export function ConfigsScreen() {
  return <Screen title="Configs">{null}</Screen>
}
