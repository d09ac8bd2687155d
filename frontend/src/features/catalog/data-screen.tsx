import { getRouteApi, useNavigate } from '@tanstack/react-router'

import { Screen } from '@/ui/screen'
import { Tabs } from '@/ui/tabs'

import { CatalogView } from './catalog-view'
import type { DataSearch } from './data-search'
import { RawView } from './raw-view'

const route = getRouteApi('/data')

/** What data there is: raw files as the scan finds them, and the catalog that they were converted into. */
export function DataScreen() {
  const { view = 'raw', dataset, instrument } = route.useSearch()
  const navigate = useNavigate()
  const show = (search: DataSearch) => void navigate({ to: '/data', search, replace: true })
  return (
    <Screen title="Data">
      <Tabs
        label="Data"
        value={view}
        onChange={(chosen) => {
          show({ view: chosen })
        }}
        tabs={[
          {
            value: 'raw',
            label: 'Raw files',
            content: (
              <RawView
                chosen={dataset}
                onChoose={(id) => {
                  show({ view: 'raw', dataset: id })
                }}
              />
            ),
          },
          {
            value: 'catalog',
            label: 'Catalog',
            content: (
              <CatalogView
                chosen={instrument}
                onChoose={(id) => {
                  show({ view: 'catalog', instrument: id })
                }}
              />
            ),
          },
        ]}
      />
    </Screen>
  )
}
