import { DataScreen as Data } from '@/features/catalog/data-screen'
import { ConversionsView } from '@/features/converter/conversions-view'

/** What data there is, and the conversions that bring it into the catalog. */
export function DataScreen() {
  return <Data conversions={(chosen, onChoose) => <ConversionsView chosen={chosen} onChoose={onChoose} />} />
}
