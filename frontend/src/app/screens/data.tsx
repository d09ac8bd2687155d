import { DataScreen as Data } from '@/features/catalog/data-screen'
import { ConversionsView } from '@/features/converter/conversions-view'

/** Raw data, the catalog, and the conversions between them. */
export function DataScreen() {
  return <Data conversions={(chosen, onChoose) => <ConversionsView chosen={chosen} onChoose={onChoose} />} />
}
